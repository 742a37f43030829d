"""3DSSD: points in, predictions of candidates out."""

from dataclasses import replace

from torch import Tensor, nn

from scanpick.detectors.ssd3d.backbone import Backbone
from scanpick.detectors.ssd3d.config import Ssd3dConfig
from scanpick.detectors.ssd3d.decoding import rough_boxes
from scanpick.detectors.ssd3d.head import Head, Predictions
from scanpick.detectors.ssd3d.second_look import SecondLook


class Ssd3dNetwork(nn.Module):
    """Backbone and head. Parameters carry the names of mmdetection3d's checkpoints."""

    def __init__(self, config: Ssd3dConfig) -> None:
        super().__init__()
        self.backbone = Backbone(
            config.levels,
            config.point_features,
            norm_eps=config.norm_eps,
            aggregation_norm_eps=config.aggregation_norm_eps,
        )
        self.bbox_head = Head(config)
        self.config = config
        self.second_look: SecondLook | None = None
        if config.second_look:
            inputs = (self.bbox_head.vote_aggregation.outputs, *config.shared_widths)[-1]
            self.second_look = SecondLook(inputs, config)

    def forward(self, cloud: Tensor) -> Predictions:
        """Predictions of (B, N, 4 or 5) x, y, z in metres, intensity, and the height where it is a feature."""
        predictions: Predictions = self.bbox_head(*self.backbone(cloud))
        if self.second_look is None:
            return predictions
        rough = rough_boxes(predictions, self.config)
        mended, overlap_logits = self.second_look(cloud, predictions.candidates, rough)
        return replace(predictions, mended=mended, overlap_logits=overlap_logits)
