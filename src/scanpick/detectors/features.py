"""What a trained detector sees in a frame, pooled to one vector: a representation that knows what is to be found."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from scanpick.arrays import Embeddings
from scanpick.detectors.detector import DetectorModel
from scanpick.detectors.pillars.network import PillarNetwork
from scanpick.detectors.saved import load_detector, weights_file
from scanpick.detectors.scene import Scene
from scanpick.detectors.ssd3d.network import Ssd3dNetwork
from scanpick.errors import FrameError, ScanpickError, call
from scanpick.files import sha256_of_file
from scanpick.structures import Boxes3D, Frame

Places = tuple[Tensor, Tensor]
"""(S, C) features of the places of one frame that hold something, and (S,) how sure the detector is, 0 to 1, that an
object is there."""


class DetectorFeatures(BaseModel):
    """An encoder of frames made of a trained detector: ``detector:FOLDER``.

    The features from which the detector reads its boxes are pooled over the places of a frame that hold points: their
    mean (the scene), their maximum (the most striking), and their sum weighted by the detector's own score, with the
    sum of the scores themselves (the objects, and how many). Each of the three parts has unit length but for the last,
    whose length is the square root of the expected number of objects over `OBJECTS`.

    Attributes:
        folder: A folder of `scanpick.train`, or a checkpoint file that `scanpick.predict` takes.
        device: "cpu", "cuda", ...

    Example:
        >>> DetectorFeatures(folder="car-detector").dimension  # doctest: +SKIP
        192
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClassVar[str] = "detector"
    batch_size: ClassVar[int] = 1  # so that a vector does not depend on the frames beside it
    in_workers: ClassVar[bool] = False

    folder: Path
    device: str = "cpu"

    def model_post_init(self, context: Any) -> None:
        """Load the detector.

        Raises:
            ScanpickError: It cannot be loaded, or its kind has no features that are known here.
        """
        _reader_of(self._model)

    @property
    def dimension(self) -> int:
        """D: three times the channels of the detector's features."""
        return 3 * _reader_of(self._model)[1](self._model.network)

    @property
    def settings(self) -> dict[str, Any]:
        """What the vectors depend on: the detector and its weights, wherever they lie."""
        described = load_detector_once(self.folder, self._sha256)[1]
        return {"detector": described["detector"], "weights_sha256": self._sha256}

    def encode(self, frames: Sequence[Frame]) -> Embeddings:
        """(B, D) float32. See `Encoder.encode`. Frames without a point in the detector's range are refused."""
        return np.stack([self._encode_one(frame) for frame in frames])

    def _encode_one(self, frame: Frame) -> np.ndarray:
        model, device = self._model, torch.device(self.device)
        model.network.to(device).eval()
        scene = Scene(frame.frame_id, frame.points[:, :4], Boxes3D.empty())
        # Which points a point network draws is the same whenever a frame is encoded.
        sample = model.sample(scene, np.random.default_rng(0), training=False)
        with torch.inference_mode():
            features, scores = _reader_of(model)[0](model, sample, device)
            if not len(features):
                raise FrameError("has no points in the detector's range", kind="implausible")
            return pooled(features.float(), scores.float()).cpu().numpy()

    @property
    def _sha256(self) -> str:
        path = weights_file(self.folder)
        if not path.is_file():
            raise ScanpickError(
                f"{self.folder}: expected a folder made by {call('train', ...)}, with {path.name} in it."
            )
        return sha256_of_file(path)

    @property
    def _model(self) -> DetectorModel:
        return load_detector_once(self.folder, self._sha256)[0]


OBJECTS = 10.0
"""Expected objects at which the part of the objects is as long as the others."""


def pooled(features: Tensor, scores: Tensor) -> Tensor:
    """(3 C,) the vector of a frame from the (S, C) features of its places and their (S,) scores; S at least 1."""
    objects = F.normalize(scores @ features, dim=0) * torch.sqrt(scores.sum() / OBJECTS)
    return torch.cat([F.normalize(features.mean(dim=0), dim=0), F.normalize(features.amax(dim=0), dim=0), objects])


@functools.lru_cache(maxsize=2)
def load_detector_once(folder: Path, sha256: str) -> tuple[DetectorModel, dict[str, Any]]:
    """The detector of a folder while its weights are these."""
    return load_detector(folder)


def _pillar_places(model: Any, sample: Any, device: torch.device) -> Places:
    """Cells of the heads' grid in which points are, with the features that boxes are described by."""
    batch = model.batch([sample], device)
    heatmap, features = model.network(batch.features, batch.starts, batch.cells, 1)
    columns = model.network.config.grid[1]
    cells = torch.from_numpy(sample.pillars.cells)
    places = torch.unique(cells // columns // 2 * (columns // 2) + cells % columns // 2).to(device)
    scores = torch.sigmoid(heatmap)
    peaks = scores * (F.max_pool2d(scores, 3, 1, 1) == scores)  # an object counts once
    return features[0].flatten(1).T[places], peaks[0].amax(dim=0).flatten()[places]


def _candidate_places(model: Any, sample: Any, device: torch.device) -> Places:
    """Candidates for objects, with the features from which their boxes are read."""
    caught: list[Tensor] = []
    network = model.network
    with network.bbox_head.vote_aggregation.register_forward_hook(lambda module, inputs, output: caught.append(output)):
        predictions = network(model.batch([sample], device).cloud)
    features = caught[0][0][: len(caught[0][0]) if sample.seen else 0]
    scores = torch.sigmoid(predictions.class_logits[0]).amax(dim=-1)[: len(features)]
    return features, scores


Reader = Callable[[Any, Any, torch.device], Places]

_READERS: dict[type[nn.Module], tuple[Reader, Callable[[Any], int]]] = {
    PillarNetwork: (_pillar_places, lambda network: int(network.config.head_channels)),
    Ssd3dNetwork: (_candidate_places, lambda network: int(network.bbox_head.vote_aggregation.outputs)),
}
"""Kind of network -> how its features are read, and how many there are."""


def _reader_of(model: DetectorModel) -> tuple[Reader, Callable[[Any], int]]:
    for kind, reader in _READERS.items():
        if isinstance(model.network, kind):
            return reader
    raise ScanpickError(
        f"detector: the features of a {type(model.network).__name__} cannot be read; known kinds: pillar, 3dssd."
    )
