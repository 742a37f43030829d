"""The overlap of boxes with one heading, as a loss."""

import torch
from torch import Tensor


def aligned_overlap_loss(shift: Tensor, size: Tensor, true_size: Tensor) -> Tensor:
    """(K,) 1 - DIoU of predicted and true boxes, both turned to the true heading.

    What is evaluated is overlap, and it trades errors of place, size and height against each other as separate L1
    losses cannot. With one heading the overlap of two boxes is a product of three intervals, so it has simple
    gradients; the heading has losses of its own. DIoU (Zheng et al., 2020, arXiv 1911.08287) keeps a gradient where
    boxes do not touch.

    Args:
        shift: (K, 3) predicted centre from the true one: along, across and up, metres.
        size: (K, 3) predicted length, width and height.
        true_size: (K, 3).
    """
    high, low = shift + size / 2, shift - size / 2
    shared = (torch.minimum(high, true_size / 2) - torch.maximum(low, -true_size / 2)).clamp_min(0).prod(dim=1)
    hull = torch.maximum(high, true_size / 2) - torch.minimum(low, -true_size / 2)
    iou = shared / (size.prod(dim=1) + true_size.prod(dim=1) - shared)
    apart = (shift**2).sum(dim=1) / (hull**2).sum(dim=1)
    return 1 - iou + apart
