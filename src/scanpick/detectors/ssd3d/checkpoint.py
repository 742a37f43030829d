"""Reading mmdetection3d's checkpoints of 3DSSD, without unpickling anything but tensors."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scanpick.detectors.ssd3d.config import SSD3D, SSD3D_NANO
from scanpick.detectors.ssd3d.model import Ssd3dModel
from scanpick.detectors.tensors import read_tensors, take_weights
from scanpick.errors import ScanpickError

_CLASS_WEIGHT, _VOTE_WEIGHT = "bbox_head.conv_pred.conv_cls.weight", "bbox_head.vote_module.conv_out.weight"

CLASSES_OF_CHECKPOINTS = {1: ("Car",), 3: ("Pedestrian", "Cyclist", "Car")}
"""Number of classes -> their order in mmdetection3d's KITTI configurations; a checkpoint holds the number alone."""


def load_checkpoint(path: Path, class_names: Sequence[str] | None = None) -> Ssd3dModel:
    """The detector that a file in mmdetection3d's layout holds, ``{"meta": ..., "state_dict": ...}``.

    Args:
        path: The file. Its shapes say whether it is of the published size or of ours for CPUs.
        class_names: The classes in the order of the file; by default those of `CLASSES_OF_CHECKPOINTS`.

    Raises:
        ScanpickError: The file cannot be read, holds more than tensors and plain values, or its parameters do not fit;
            the message names those that are missing, left over or of another shape.
    """
    state = read_tensors(path)
    count = state[_CLASS_WEIGHT].shape[0] if _CLASS_WEIGHT in state else 1
    names = tuple(class_names or CLASSES_OF_CHECKPOINTS.get(count, ()))
    if len(names) != count:
        raise ScanpickError(
            f"{path}: has {count} classes; expected as many class names, got {', '.join(names) or 'none'}."
        )
    small = _VOTE_WEIGHT in state and state[_VOTE_WEIGHT].shape[1] == SSD3D_NANO.vote_width
    model = Ssd3dModel(replace(SSD3D_NANO if small else SSD3D, class_names=names))
    take_weights(model.network, state, source=str(path))
    return model
