"""What counts: classes with their overlap limits, difficulties, and the frozen settings of published evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from scanpick.errors import ScanpickError, unknown_name

METRICS = ("bbox", "aos", "bev", "3d")
"""2D boxes, the same weighted by orientation, boxes from above, boxes in space."""

MATCHED_METRICS = ("bbox", "bev", "3d")
"""Those with an overlap of their own; "aos" uses the matches of "bbox"."""


@dataclass(frozen=True)
class ClassRule:
    """One class that is evaluated.

    Attributes:
        name: As in the label files; letters' case does not matter.
        min_overlap: Overlap that a match must exceed, for "bbox", "bev" and "3d".
        neutral: Classes so near to this one that finding them is neither right nor wrong.
    """

    name: str
    min_overlap: Mapping[str, float]
    neutral: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if sorted(self.min_overlap) != sorted(MATCHED_METRICS):
            raise ScanpickError(
                f"Class '{self.name}': expected an overlap limit for each of {', '.join(MATCHED_METRICS)}, "
                f"got {dict(self.min_overlap)}."
            )
        for metric, limit in self.min_overlap.items():
            if not 0 <= limit < 1:
                raise ScanpickError(f"Class '{self.name}', {metric}: expected an overlap limit in [0, 1), got {limit}.")
        object.__setattr__(self, "min_overlap", MappingProxyType(dict(self.min_overlap)))


@dataclass(frozen=True)
class Difficulty:
    """Which ground truth counts; what is harder is ignored, and detections on it are neither right nor wrong.

    Attributes:
        name: "easy", "moderate", "hard".
        min_height_px: Ground truth must be higher than this in the image; detections that are lower are ignored.
        max_occlusion: Highest occlusion level that counts.
        max_truncation: Highest truncation that counts.
    """

    name: str
    min_height_px: float
    max_occlusion: float
    max_truncation: float


@dataclass(frozen=True)
class EvaluationSettings:
    """A complete protocol.

    Attributes:
        name: What it is cited as.
        classes: In the order of the report.
        difficulties: From easy to hard.
        headline: The average that the protocol was published with, "R40" or "R11"; both are always computed.
        height_limit_counts: Whether ground truth exactly `min_height_px` high counts (the older devkit) or is ignored.
    """

    name: str
    classes: tuple[ClassRule, ...]
    difficulties: tuple[Difficulty, ...]
    headline: str = "R40"
    height_limit_counts: bool = False

    def of_class(self, name: str) -> ClassRule:
        """The rule of a class, by name without regard to case."""
        for rule in self.classes:
            if rule.name.lower() == name.lower():
                return rule
        raise unknown_name("class", name, [rule.name for rule in self.classes])

    def only(self, names: Sequence[str]) -> EvaluationSettings:
        """The same protocol for some of its classes, in this order."""
        return replace(self, classes=tuple(self.of_class(name) for name in dict.fromkeys(names)))

    def choose(self, words: Sequence[str]) -> EvaluationSettings:
        """The protocol for classes as they are typed: "Car", or "Truck=0.7" with an overlap limit; all where none are.

        Raises:
            ScanpickError: A class without a limit is unknown, or a limit is no number in [0, 1).
        """
        settings, names = self, []
        for word in words:
            name, equals, limit = word.partition("=")
            if equals:
                neutral = next((rule.neutral for rule in self.classes if rule.name.lower() == name.lower()), ())
                try:
                    settings = settings.with_class(name, float(limit), neutral)
                except ValueError:
                    raise ScanpickError(
                        f"Class '{word}': expected a name, or a name with an overlap limit such as Truck=0.7."
                    ) from None
            names.append(name)
        return settings.only(names) if names else settings

    def with_class(self, name: str, min_overlap: float, neutral: tuple[str, ...] = ()) -> EvaluationSettings:
        """The same protocol and one class more, or another limit for one it has; the name says that it was changed."""
        rule = class_rule(name, min_overlap, neutral)
        others = tuple(other for other in self.classes if other.name.lower() != name.lower())
        changed = f"{self.name.removesuffix(' (changed)')} (changed)"
        return replace(self, name=changed, classes=(*others, rule))


def class_rule(name: str, min_overlap: float, neutral: tuple[str, ...] = ()) -> ClassRule:
    """A class with one overlap limit for all metrics."""
    return ClassRule(name, dict.fromkeys(MATCHED_METRICS, min_overlap), neutral)


_KITTI_CLASSES = (
    class_rule("Car", 0.7, neutral=("Van",)),
    class_rule("Pedestrian", 0.5, neutral=("Person_sitting",)),
    class_rule("Cyclist", 0.5),
)
_KITTI_DIFFICULTIES = (
    Difficulty("easy", 40, 0, 0.15),
    Difficulty("moderate", 25, 1, 0.3),
    Difficulty("hard", 25, 2, 0.5),
)

KITTI_2019_R40 = EvaluationSettings("KITTI_2019_R40", _KITTI_CLASSES, _KITTI_DIFFICULTIES)
"""KITTI's object benchmark since 8 October 2019: 40 recall positions without 0."""

KITTI_2017_R11 = EvaluationSettings(
    "KITTI_2017_R11", _KITTI_CLASSES, _KITTI_DIFFICULTIES, headline="R11", height_limit_counts=True
)
"""KITTI's object benchmark before: 11 recall positions with 0, and ground truth as high as the limit counts."""

SETTINGS = MappingProxyType({settings.name: settings for settings in (KITTI_2019_R40, KITTI_2017_R11)})
"""The frozen settings by name."""
