"""What encoders share that are quick, need no network and look at one frame at a time."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class FrameByFrame(BaseModel):
    """Base of such encoders: their fields are their options, and unknown ones fail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def settings(self) -> dict[str, Any]:
        """All options."""
        return self.model_dump()

    @property
    def batch_size(self) -> int:
        """One frame at a time."""
        return 1

    @property
    def in_workers(self) -> bool:
        """One thread is enough."""
        return True
