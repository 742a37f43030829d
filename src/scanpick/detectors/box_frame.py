"""Points as boxes see them."""

import torch
from torch import Tensor


def in_box_frame(points: Tensor, boxes: Tensor) -> Tensor:
    """(..., 3) points relative to the centre of (..., 7) boxes, turned by -yaw: along, across and up."""
    offset = points - boxes[..., :3]
    cos, sin = boxes[..., 6].cos(), boxes[..., 6].sin()
    along = cos * offset[..., 0] + sin * offset[..., 1]
    across = cos * offset[..., 1] - sin * offset[..., 0]
    return torch.stack([along, across, offset[..., 2]], dim=-1)
