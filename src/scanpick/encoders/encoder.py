"""What every encoder offers."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from scanpick.arrays import Embeddings
from scanpick.structures import Frame


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
