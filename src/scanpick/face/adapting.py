"""``sp.adapt``: train an encoder on the user's own frames, without labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanpick.face.arguments import FrameIds, frame_ids_of
from scanpick.face.pools import Frames, opened
from scanpick.reports.adapting import draw_adaptation
from scanpick.training.adapting import AdaptationRequest
from scanpick.training.adapting import adapt as train_encoder
from scanpick.workspace.reading import Progress, no_progress


@dataclass(frozen=True, eq=False, repr=False)
class Adapted:
    """An encoder that was adapted.

    Attributes:
        folder: Where it is.
        described: What ``adapted.json`` says: frames, training, held-out loss before and after.
        picture: Losses over the steps, and frames kept out.
    """

    folder: Path
    described: Mapping[str, Any]
    picture: Path

    @property
    def weights(self) -> Path:
        """The file that `embed` takes as the encoder's option ``weights``."""
        return self.folder / str(self.described["weights"])

    def __repr__(self) -> str:
        trained, change = self.described["trained_on"], 100 * self.described["held_out"]["relative"]
        return f"Adapted({self.described['encoder']}, {trained} frames, held-out loss {change:+.1f}%)"


def adapt(
    dataset: Frames,
    out: str | Path,
    *,
    frames: FrameIds | None = None,
    encoder: str = "recon",
    weights: str | Path | None = None,
    encoder_options: Mapping[str, Any] | None = None,
    teacher: str | None = None,
    iterations: int | None = None,
    minutes: float | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    device: str = "cpu",
    options: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
) -> Adapted:
    """Train an encoder on frames without labels.

    Some frames are kept out, by sequence; their reconstruction loss before and after tells whether it learnt. Killed
    and started again, it goes on from its last checkpoint, to the same weights.

    Args:
        dataset: A data set, a pool, or what `open_dataset` takes.
        out: Folder for the weights, checkpoints and logs.
        frames: Frames to learn from; all by default.
        encoder: Which encoder: recon or scanpick-ssl.
        weights: Start from this file: a published checkpoint, or an adapted one.
        encoder_options: Options of its training.
        teacher: Features of camera images: a .npz or .parquet file, or module:attribute.
        iterations: Steps; 1000 by default.
        minutes: About how long instead; a few steps are timed first.
        batch_size: Frames of a step; the encoder's own by default.
        learning_rate: The highest one; the encoder's own by default.
        seed: Seed of all chance.
        device: Where the network runs.
        options: Options of the data set.
        progress: Shows how far it is.

    Raises:
        ScanpickError: An argument does not fit, no frame can be learnt from, or a loss became NaN.

    Example:
        >>> import scanpick as sp
        >>> small = {"random_weights": "tiny", "points": 64, "groups": 16, "crop_points": 64, "crop_groups": 8}
        >>> adapted = sp.adapt("simulated:demo", "adapted", encoder_options=small, iterations=1, batch_size=2,
        ...     options={"frames": 8})
        >>> adapted.weights.name
        'weights.pt'
    """
    request = AdaptationRequest(
        encoder=encoder,
        weights=None if weights is None else Path(weights),
        options=encoder_options or {},
        teacher=teacher,
        iterations=iterations,
        minutes=minutes,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
    )
    ids = None if frames is None else frame_ids_of(frames)
    described = train_encoder(opened(dataset, options)[0], ids, request, Path(out), progress=progress)
    return Adapted(Path(out), described, draw_adaptation(Path(out))[0])
