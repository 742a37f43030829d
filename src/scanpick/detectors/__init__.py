"""Networks that find boxes in frames. All kinds share one training loop and one prediction loop."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from scanpick.registry import Registry

if TYPE_CHECKING:
    from scanpick.detectors.detector import DetectorModel

DETECTORS: "Registry[Callable[..., DetectorModel]]" = Registry(
    "detector",
    {
        "3dssd": "scanpick.detectors.ssd3d.model:ssd3d",
        "3dssd-nano": "scanpick.detectors.ssd3d.model:ssd3d_nano",
        "pillar-femto": "scanpick.detectors.pillars.model:pillar_femto",
        "pillar-pico": "scanpick.detectors.pillars.model:pillar_pico",
        "pillar-nano": "scanpick.detectors.pillars.model:pillar_nano",
        "pillar": "scanpick.detectors.pillars.model:pillar",
    },
    group="scanpick.detectors",
    given=("class_names",),
)
"""Name -> function of ``class_names`` and the options of that kind, giving a `DetectorModel` with random weights."""

__all__ = ["DETECTORS"]
