"""``sp.probe``: which embedding knows most of what matters, without training a detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanpick.errors import ScanpickError, unknown_name
from scanpick.evaluation.probes import ProbeSettings
from scanpick.evaluation.probes.targets import CLASSES
from scanpick.face.arguments import FrameIds, frame_ids_of
from scanpick.face.pools import Frames, opened
from scanpick.probes.encoding import Contestant
from scanpick.probes.files import difference_rows, facts, score_rows, write_probe_files
from scanpick.probes.probing import ProbePlan, ProbeRun, run_probes
from scanpick.reports.probes import write_probe_figure
from scanpick.workspace.embedding_files import read_embedding
from scanpick.workspace.encoders import embedding_name, encoder_named
from scanpick.workspace.reading import Progress, no_progress


@dataclass(frozen=True, eq=False, repr=False)
class Probed:
    """Embeddings that were probed.

    Attributes:
        run: The scores, and on which frames they were measured.
        baseline: The embedding that the others are compared with; None for each with each.
        files: What was written.
    """

    run: ProbeRun
    baseline: str | None
    files: tuple[Path, ...]

    def __repr__(self) -> str:
        return f"Probed({', '.join(self.run.probing.scores)} on {len(self.run.frames.frame_ids)} frames)"

    @property
    def scores(self) -> list[dict[str, Any]]:
        """A row for each embedding and score, with its interval."""
        return score_rows(self.run)

    @property
    def differences(self) -> list[dict[str, Any]]:
        """A row for each pair of embeddings and each score that both have."""
        return difference_rows(self.run, self.baseline)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as plain values."""
        return facts(self.run) | {"scores": self.scores, "differences": self.differences}


def probe(
    dataset: Frames,
    encoders: Mapping[str, str] | Sequence[str] = (),
    *,
    encoder_options: Mapping[str, Mapping[str, Any]] | None = None,
    embeddings: Sequence[str | Path] = (),
    frames: FrameIds | None = None,
    evaluation: FrameIds | None = None,
    baseline: str | None = None,
    classes: Sequence[str] = CLASSES,
    changed_frames: int = 100,
    replicates: int = 1000,
    seed: int = 0,
    out: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Probed:
    """Score embeddings on a labelled data set, with confidence intervals, without training a detector.

    Nearest neighbours and ridge regression predict what matters for detection in drives that were not learned from;
    further: retrieval of the same drive and of neighbours in time, redundancy found, and robustness to rotation, point
    drop and range noise. Embeddings are compared pairwise on the same draws of drives.

    Args:
        dataset: A data set, a pool, or what `open_dataset` takes.
        encoders: What to probe; as ``{name: encoder}`` by names of your own, so that an encoder can enter twice.
        encoder_options: Name -> options of its encoder.
        embeddings: Also probe these folders ``WORKSPACE/embeddings/NAME``.
        frames: The frames to use; all by default.
        evaluation: Frames to predict from all others, instead of each drive in turn.
        baseline: Compare each embedding with this one, not each with each.
        classes: The classes whose boxes count.
        changed_frames: Frames that are changed to measure robustness.
        replicates: Draws of the bootstrap.
        seed: Seed of all chance.
        out: A folder for every raw number as CSV, and a picture; None to write nothing.
        options: Options of the data set.
        workers: Processes; all cores by default.
        progress: Shows how far it is.

    Raises:
        ScanpickError: A name or an option is unknown, a name comes twice, or too few frames are left.

    Example:
        >>> import scanpick as sp
        >>> probed = sp.probe("simulated:demo", ["statistics"], changed_frames=0, replicates=20, options={"frames": 24})
        >>> probed
        Probed(statistics on 24 frames)
    """
    contestants = _contestants(encoders, encoder_options or {}, embeddings)
    if baseline is not None and baseline not in [one.name for one in contestants]:
        raise unknown_name("baseline", baseline, [one.name for one in contestants])
    if not classes or len(set(classes)) < len(classes):
        raise ScanpickError(f"`classes=...`: expected different names, got {', '.join(classes) or 'none'}.")
    out = None if out is None else Path(out)
    run = run_probes(
        opened(dataset, options)[0],
        contestants,
        ProbePlan(tuple(classes), changed_frames, ProbeSettings(replicates=replicates, seed=seed)),
        frame_ids=None if frames is None else frame_ids_of(frames),
        evaluation_ids=None if evaluation is None else frame_ids_of(evaluation),
        cache=None if out is None else out / "cache",
        workers=workers,
        progress=progress,
    )
    files: list[Path] = []
    if out is not None:
        files = [*write_probe_files(run, out, baseline), *write_probe_figure(run.probing, out / "probes", run.data)]
    return Probed(run, baseline, tuple(files))


def _contestants(
    encoders: Mapping[str, str] | Sequence[str],
    options: Mapping[str, Mapping[str, Any]],
    embeddings: Sequence[str | Path],
) -> list[Contestant]:
    """Build what is asked for, before any frame is read."""
    pairs = list(encoders.items()) if isinstance(encoders, Mapping) else [(name, name) for name in encoders]
    for name in options:
        if name not in dict(pairs):
            raise unknown_name("encoder in `encoder_options=...`", name, dict(pairs))
    found = [
        Contestant(
            name if name != encoder else embedding_name(encoder), encoder=encoder_named(encoder, options.get(name, {}))
        )
        for name, encoder in pairs
    ]
    found += [Contestant(Path(folder).name, table=read_embedding(Path(folder)).table) for folder in embeddings]
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise ScanpickError(f"'{name}' is the name of two embeddings to probe. Call one of them otherwise.")
    if not found:
        raise ScanpickError("Nothing to probe: name an encoder, or an embedding as WORKSPACE/embeddings/NAME.")
    return found
