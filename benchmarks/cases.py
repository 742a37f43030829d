"""What is measured: settings for the tables, and series over the number of rows and of picks for the picture."""

from dataclasses import dataclass, replace

DIMENSIONS = 384
BANDWIDTH = 0.5
"""Of herding's Gaussian kernel: the frames of a part of a sequence are near each other."""

NEIGHBOURS = 50
"""The radius of ProbCover is the typical distance to the so-many-th nearest row: balls of that many."""


@dataclass(frozen=True)
class Case:
    """One table.

    Attributes:
        task: A key of `CONTESTANTS`.
        rows: N.
        count: Picks, clusters or neighbours.
        kind: A key of `driving_data.KINDS`.
        full: Only in full runs.
        only_ours: Peers would take hours, or more memory than there is.
        without: Contestants left out, for the same reasons.
    """

    task: str
    rows: int
    count: int
    kind: str = "driving"
    full: bool = False
    only_ours: bool = False
    without: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As in the tables."""
        return f"{self.task}, {self.rows:,} x {DIMENSIONS} -> {self.count:,}, {self.kind}"


CASES = (
    Case("k_center", 10_000, 500),
    Case("k_center", 100_000, 1_000),
    Case("k_center", 10_000, 500, "gaussian"),
    Case("k_center", 100_000, 1_000, "gaussian", full=True),
    Case("k_center", 100_000, 5_000, full=True),
    Case("k_center", 1_000_000, 10_000, full=True, only_ours=True),
    Case("probcover", 5_000, 100),
    Case("probcover", 100_000, 1_000, without=("scikit-activeml",)),
    Case("probcover", 10_000, 200, without=("scikit-activeml",)),
    Case("probcover", 10_000, 200, "gaussian", without=("scikit-activeml",)),
    Case("facility_location", 10_000, 500),
    Case("facility_location", 10_000, 500, "gaussian"),
    Case("herding", 5_000, 200),
    Case("herding", 5_000, 200, "gaussian"),
    Case("herding", 10_000, 500, full=True),
    Case("typiclust", 20_000, 200),
    Case("typiclust", 20_000, 200, "gaussian", full=True),
    Case("typicality", 20_000, 20),
    Case("typicality", 20_000, 20, "gaussian"),
)


@dataclass(frozen=True)
class Series:
    """One panel of the picture: (rows, count) in order of what they cost."""

    task: str
    against: str
    points: tuple[tuple[int, int], ...]
    without: tuple[str, ...] = ()


SERIES = (
    Series("k_center", "N", tuple((n, 500) for n in (2_000, 5_000, 10_000, 20_000, 50_000, 100_000))),
    Series("k_center", "k", tuple((20_000, k) for k in (10, 30, 100, 300, 1_000, 3_000))),
    Series("probcover", "N", tuple((n, 200) for n in (2_000, 5_000, 10_000, 20_000)), ("scikit-activeml",)),
    Series("probcover", "k", tuple((10_000, k) for k in (10, 30, 100, 300, 1_000)), ("scikit-activeml",)),
    Series("facility_location", "N", tuple((n, 200) for n in (1_000, 2_000, 5_000, 10_000))),
    Series("facility_location", "k", tuple((5_000, k) for k in (10, 30, 100, 300, 1_000))),
    Series("herding", "N", tuple((n, 100) for n in (1_000, 2_000, 5_000))),
    Series("herding", "k", tuple((2_000, k) for k in (10, 30, 100, 300))),
    Series("typicality", "N", tuple((n, 20) for n in (2_000, 5_000, 10_000, 20_000))),
    Series("typiclust", "N", tuple((n, 100) for n in (2_000, 5_000, 10_000, 20_000))),
    Series("typiclust", "k", tuple((10_000, k) for k in (20, 50, 100, 200))),
)


def cases(tasks: list[str], *, full: bool, quick: bool) -> list[Case]:
    """Those of these tasks; quick ones are there to see that everything works."""
    chosen = [case for case in CASES if case.task in tasks and (full or not case.full)]
    if not quick:
        return chosen
    return list(dict.fromkeys(Case(case.task, 1_000, 20) for case in chosen))


def series(tasks: list[str], *, quick: bool) -> list[Series]:
    """The same for the picture."""
    chosen = [one for one in SERIES if one.task in tasks]
    if not quick:
        return chosen
    return [replace(one, points=((500, 10), (1_000, 10))) for one in chosen if one.against == "N"]
