"""All probes on several embeddings of the same frames, with the same draws for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from scanpick.arrays import BoolArray, Float64Array, FloatArray, Int64Array, StringArray
from scanpick.errors import ScanpickError
from scanpick.evaluation.bootstrap import draw_frames
from scanpick.evaluation.probes.neighbours import (
    Pairs,
    near_in_time_score,
    redundancy_score,
    robustness_scores,
    same_drive_score,
    time_pairs,
)
from scanpick.evaluation.probes.prediction import (
    Predictions,
    Predictor,
    neighbours_predictor,
    predict,
    r2_score,
    ridge_predictor,
)
from scanpick.evaluation.probes.scores import Score, mean_score
from scanpick.evaluation.probes.splits import LEAST_GROUPS, Grouping, Split, group_frames, outer_splits
from scanpick.evaluation.probes.targets import Targets, usable_targets

MOST_FRAMES = 5000
"""All pairs of frames are looked at."""

FEW_GROUPS = 10
"""With fewer groups than this, intervals are themselves uncertain."""


@dataclass(frozen=True)
class ProbeSettings:
    """What the probes depend on besides the frames.

    Attributes:
        near_s: Frames of a drive up to so many seconds apart are near in time.
        apart_s: Frames of a drive more than so many seconds apart are others; in between they count as neither.
        gap_s: With too few drives: frames so near in time to a predicted one are not learned from.
        replicates: Draws of the bootstrap.
        seed: Seed of all chance.
    """

    near_s: float = 1.0
    apart_s: float = 3.0
    gap_s: float = 2.0
    replicates: int = 1000
    seed: int = 0


@dataclass(frozen=True, eq=False)
class ProbeFrames:
    """N frames that all embeddings have a vector of.

    Attributes:
        frame_ids: N ids.
        sequences: (N,) drives.
        times_s: (N,) times in the drive.
        targets: (N, T) what is to be predicted.
        held_out: (N,) frames to predict from the others; None to predict each drive from all other drives.
    """

    frame_ids: tuple[str, ...]
    sequences: StringArray
    times_s: Float64Array
    targets: Targets
    held_out: BoolArray | None = None


@dataclass(frozen=True, eq=False)
class Vectors:
    """One embedding of the frames.

    Attributes:
        name: What to call it.
        values: (N, D), finite.
        changed: What was done to frames -> the (S,) rows it was done to, and their (S, D) vectors.
    """

    name: str
    values: FloatArray
    changed: Mapping[str, tuple[Int64Array, FloatArray]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Probing:
    """Everything that was measured.

    Attributes:
        scores: Embedding -> its scores; the same ones for all, except robustness where there are no changed frames.
        predictions: (embedding, "knn" or "ridge") -> predictions of the `targets`.
        targets: Columns of the targets that were predicted.
        left_out: Target or probe -> why it is missing.
        notes: What a reader should know of how it was measured.
        groups: (N,) the groups that were left out and drawn together.
    """

    scores: Mapping[str, list[Score]]
    predictions: Mapping[tuple[str, str], Predictions]
    targets: list[int]
    left_out: Mapping[str, str]
    notes: list[str]
    groups: Int64Array

    def score(self, name: str, key: tuple[str, str, str]) -> Score | None:
        """The score of an embedding for (probe, target, metric); None where it was not measured."""
        return next((score for score in self.scores[name] if score.key == key), None)


def probe(
    frames: ProbeFrames,
    embeddings: Sequence[Vectors],
    settings: ProbeSettings | None = None,
    advance: Callable[[int], None] = lambda steps: None,
) -> Probing:
    """Run all probes. The same on any number of threads.

    Args:
        frames: The frames and what to predict.
        embeddings: Their vectors.
        settings: See `ProbeSettings`.
        advance: Called with 1 after each embedding.

    Raises:
        ScanpickError: There are too few frames or too many, names come twice, or vectors do not fit or are not finite.
    """
    settings = settings or ProbeSettings()
    _check(frames, embeddings)
    grouping = group_frames(frames.sequences, frames.times_s, gap_s=settings.gap_s)
    rng = np.random.default_rng([settings.seed, 1])
    draws = draw_frames(len(frames.frame_ids), settings.replicates, rng, [str(group) for group in grouping.groups])
    pairs = time_pairs(frames.sequences, frames.times_s, near_s=settings.near_s, apart_s=settings.apart_s)
    usable, left_out = usable_targets(frames.targets, grouping.groups, LEAST_GROUPS)
    batches = _batches(frames, usable, grouping, settings.seed)
    learned = {column for columns, outer in batches for column in columns if outer}
    left_out |= {frames.targets.names[c]: "too few frames of other drives to learn from" for c in set(usable) - learned}
    usable = sorted(learned)
    left_out |= _missing_pairs(pairs)
    scores: dict[str, list[Score]] = {}
    predictions: dict[tuple[str, str], Predictions] = {}
    for vectors in embeddings:
        values = np.asarray(vectors.values, dtype=np.float64)
        with threadpool_limits(1):  # sums of several threads may round otherwise
            distances = cdist(values, values, "sqeuclidean")
            predictors = {"knn": neighbours_predictor(distances), "ridge": ridge_predictor(values)}
            made = {
                name: _predict(predictor, frames.targets.values, batches, grouping, settings.seed)
                for name, predictor in predictors.items()
            }
            found = _prediction_scores(frames.targets, usable, made, draws)
            found += _neighbour_scores(distances, pairs, draws)
            found += _robustness(values, vectors, pairs, draws)
        scores[vectors.name] = found
        predictions |= {(vectors.name, name): one for name, one in made.items()}
        advance(1)
    left_out |= {f"robustness of {one.name}": "no changed frames were encoded" for one in embeddings if not one.changed}
    return Probing(scores, predictions, usable, left_out, _notes(frames, grouping, settings), grouping.groups)


def _check(frames: ProbeFrames, embeddings: Sequence[Vectors]) -> None:
    count = len(frames.frame_ids)
    if count > MOST_FRAMES:
        raise ScanpickError(
            f"Probes look at all pairs of at most {MOST_FRAMES} frames, got {count}. Choose some: `frames=FILE`."
        )
    names = [vectors.name for vectors in embeddings]
    if not names or len(set(names)) < len(names):
        raise ScanpickError(f"Probes need embeddings with different names, got: {', '.join(names) or 'none'}.")
    if not np.isfinite(frames.times_s).all():
        raise ScanpickError("Probes need a finite time for every frame.")
    for vectors in embeddings:
        if vectors.values.ndim != 2 or len(vectors.values) != count:
            raise ScanpickError(
                f"Embedding '{vectors.name}': expected {count} vectors, got shape {vectors.values.shape}."
            )
        if not all(np.isfinite(part).all() for part in (vectors.values, *(v for _, v in vectors.changed.values()))):
            raise ScanpickError(f"Embedding '{vectors.name}': expected finite numbers, got NaN or infinity.")


def _batches(
    frames: ProbeFrames, usable: Sequence[int], grouping: Grouping, seed: int
) -> list[tuple[list[int], list[Split]]]:
    """Targets that are known in the same frames, with the splits of these frames."""
    by_frames: dict[bytes, list[int]] = {}
    known = np.isfinite(frames.targets.values)
    for column in usable:
        by_frames.setdefault(known[:, column].tobytes(), []).append(column)
    return [
        (columns, outer_splits(grouping, np.flatnonzero(known[:, columns[0]]), _rng(seed, 2), frames.held_out))
        for columns in by_frames.values()
    ]


def _predict(
    predictor: Predictor,
    targets: Float64Array,
    batches: Sequence[tuple[list[int], list[Split]]],
    grouping: Grouping,
    seed: int,
) -> Predictions:
    values, means = np.full(targets.shape, np.nan), np.full(targets.shape, np.nan)
    for columns, outer in batches:
        made = predict(predictor, targets[:, columns], outer, grouping, _rng(seed, 3))
        values[:, columns], means[:, columns] = made.values, made.means
    return Predictions(values, means)


def _prediction_scores(
    targets: Targets, usable: Sequence[int], made: Mapping[str, Predictions], draws: Int64Array
) -> list[Score]:
    """Every target by every predictor, the mean over targets of each predictor, and the mean of these."""
    by_predictor = {
        name: [
            r2_score(name, targets.names[c], targets.values[:, c], one.values[:, c], one.means[:, c], draws)
            for c in usable
        ]
        for name, one in made.items()
    }
    everything = [score for scores in by_predictor.values() for score in scores]
    if not everything:
        return []
    means = [mean_score("detection", f"mean of {name}", scores) for name, scores in by_predictor.items()]
    return [mean_score("detection", "mean", everything), *means, *everything]


def _neighbour_scores(distances: Float64Array, pairs: Pairs, draws: Int64Array) -> list[Score]:
    found = []
    if _several_drives(pairs):
        found.append(same_drive_score(distances, pairs, draws))
    if _near_and_apart(pairs):
        found.append(near_in_time_score(distances, pairs, draws))
        found.append(redundancy_score(distances, pairs, draws))
    return found


def _robustness(values: Float64Array, vectors: Vectors, pairs: Pairs, draws: Int64Array) -> list[Score]:
    """Every change, and for each metric the mean over changes."""
    if not pairs.apart.any():
        return []
    found = [
        score
        for name, (rows, changed) in vectors.changed.items()
        for score in robustness_scores(name, values, np.asarray(changed, np.float64), rows, pairs.apart, draws)
    ]
    metrics = dict.fromkeys(score.metric for score in found)
    return [mean_score("robustness", "mean", [s for s in found if s.metric == metric]) for metric in metrics] + found


def _several_drives(pairs: Pairs) -> bool:
    return bool(pairs.same_sequence.any() and (~pairs.same_sequence).sum() > len(pairs.near))


def _near_and_apart(pairs: Pairs) -> bool:
    return bool(pairs.near.any() and pairs.apart.any())


def _missing_pairs(pairs: Pairs) -> dict[str, str]:
    left_out = {}
    if not _several_drives(pairs):
        left_out["retrieval of the same drive"] = "needs several drives, one of them with two frames or more"
    if not _near_and_apart(pairs):
        left_out["retrieval near in time, redundancy"] = "need frames near in time and frames that are not"
    if not pairs.apart.any():
        left_out["robustness"] = "needs frames that are not near in time"
    return left_out


def _notes(frames: ProbeFrames, grouping: Grouping, settings: ProbeSettings) -> list[str]:
    drives = len(np.unique(frames.sequences))
    notes = []
    if grouping.in_blocks:
        notes.append(
            f"{drives} drive(s) are too few to leave one out: {grouping.count} blocks of consecutive frames are left "
            f"out and drawn instead, and frames within {settings.gap_s:g} s of a predicted one are not learned from."
        )
    if drives == len(frames.frame_ids):
        notes.append("Every frame is a drive of its own: neighbours in time may be on both sides of a split.")
    if grouping.count < FEW_GROUPS:
        notes.append(f"With {grouping.count} groups the intervals are themselves uncertain.")
    return notes


def _rng(seed: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng([seed, purpose])
