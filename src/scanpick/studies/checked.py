"""The base of all parts of a study's configuration."""

from pydantic import BaseModel, ConfigDict


class Checked(BaseModel):
    """Frozen values, each checked; unknown keys fail."""

    model_config = ConfigDict(extra="forbid", frozen=True)
