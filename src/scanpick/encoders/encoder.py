"""What every encoder offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from scanpick.arrays import Embeddings, Float32Array
from scanpick.structures import Frame
from scanpick.structures.embedded_objects import EmbeddedObjects


@runtime_checkable
class Encoder(Protocol):
    """Frames in, one vector each out. Picklable: frames are encoded in worker processes."""

    @property
    def name(self) -> str:
        """The name it is registered under."""

    @property
    def dimension(self) -> int:
        """D, the length of a vector."""

    @property
    def settings(self) -> dict[str, Any]:
        """Everything its output depends on besides the frames; written beside the embeddings, JSON-serialisable."""

    @property
    def batch_size(self) -> int:
        """How many frames it likes to be given at once; 1 where a batch saves nothing."""

    @property
    def in_workers(self) -> bool:
        """Whether it runs in worker processes, each on one thread; False for networks that fill all cores or a GPU."""

    def encode(self, frames: Sequence[Frame]) -> Embeddings:
        """(B, D) float32, finite. A frame's vector does not depend on the frames it is encoded with.

        Raises:
            FrameError: A frame cannot be encoded.
        """


@runtime_checkable
class PartEncoder(Encoder, Protocol):
    """Embeds the objects in a frame, and makes the frame's vector of these alone.

    What is costly, `encode_objects`, is done frame by frame; pooling may then learn from the objects of all frames
    (`fitted`). Before that, a frame's vector lacks what would have to be learned.
    """

    @property
    def object_dimension(self) -> int:
        """Length of an object's vector."""

    def encode_objects(self, frames: Sequence[Frame]) -> EmbeddedObjects:
        """The objects of each frame; none is right where there are none.

        Raises:
            FrameError: A frame cannot be encoded.
        """

    def pooled(self, objects: EmbeddedObjects) -> Embeddings:
        """(n, D) float32: the vector of each of n frames."""

    def fitted(self, values: Embeddings) -> PartEncoder:
        """The encoder with what pooling learns from (M, object D) objects of all frames; the same for the same ones."""

    @property
    def learned(self) -> Mapping[str, Float32Array]:
        """What was learned, by a name that can be a file's; empty before `fitted`, and where nothing is learned."""
