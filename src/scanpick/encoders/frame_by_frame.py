"""What encoders share that are quick, need no network and look at one frame at a time."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class FrameByFrame(BaseModel):
    """Base of such encoders: their fields are their options, and unknown ones fail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClassVar[str]
    batch_size: ClassVar[int] = 1
    in_workers: ClassVar[bool] = True

    @property
    def settings(self) -> dict[str, Any]:
        """All options."""
        return self.model_dump()
