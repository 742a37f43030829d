"""What the reference stored, in our terms."""

from dataclasses import replace

import numpy as np
import torch

from scanpick.detectors.ssd3d.config import SSD3D, Draw
from scanpick.detectors.ssd3d.head import Predictions
from scanpick.detectors.ssd3d.network import Ssd3dNetwork

ROWS_FIRST = {
    "vote_offsets": "pred_vote_offset",
    "class_logits": "pred_obj_scores",
}
"""Stored with channels before candidates."""
AS_STORED = {
    "seeds": "pred_seed_points",
    "votes": "pred_vote_points",
    "centre_offsets": "pred_center_offset",
    "half_sizes": "pred_size",
    "direction_logits": "pred_dir_class",
    "direction_residuals": "pred_dir_res_norm",
}


def stored_predictions(arrays, prefix="") -> Predictions:
    """Predictions in a file."""
    count = arrays[prefix + "pred_center_offset"].shape[1]
    votes = "pred_vote_points" if prefix + "pred_vote_points" in arrays else "pred_aggregated_points"
    values = {ours: torch.from_numpy(arrays[prefix + name]).transpose(1, 2) for ours, name in ROWS_FIRST.items()}
    for ours, name in (AS_STORED | {"votes": votes}).items():
        values[ours] = torch.from_numpy(arrays[prefix + name])[:, :count]
    return Predictions(**values)


def config_for(points, counts, candidates):
    """The published configuration with other numbers of points: of the input and of the three levels."""
    first, second, third = SSD3D.levels
    half, quarter = counts[1] // 2, counts[2] // 2
    levels = (
        replace(first, draws=(Draw("place", counts[0]),)),
        replace(second, draws=(Draw("feature", half), Draw("place", half))),
        replace(third, draws=(Draw("feature", quarter, 0, half), Draw("place", quarter, half))),
    )
    return replace(SSD3D, points=points, levels=levels, candidates=candidates)


def config_of(arrays, points):
    """The configuration that a file of a forward pass was made with."""
    counts = [arrays[f"sa{level}_indices"].shape[1] for level in range(3)]
    return config_for(points, counts, arrays["pred_center_offset"].shape[1])


def load_network(folder, config) -> Ssd3dNetwork:
    network = Ssd3dNetwork(config)
    network.load_state_dict(torch.load(folder / "checkpoint.pth", weights_only=True)["state_dict"])
    return network


def geometric(boxes) -> torch.Tensor:
    """Stored boxes stand on their bottom centre."""
    moved = np.array(boxes)
    moved[:, 2] += moved[:, 5] / 2
    return torch.from_numpy(moved)
