"""From detections to one number per frame: how unsure the detector is. Detections of any detector will do.

A **box score** gives each detection a number from 0 (sure) to 1; a **disagreement** compares several predictions of the
same frame (ensemble, dropout, resampled or flipped inputs); an **aggregation** makes one number of a frame's boxes.
"""

from scanpick.registry import Registry
from scanpick.uncertainty.aggregation import AGGREGATIONS, aggregate
from scanpick.uncertainty.box_scores import BoxScore
from scanpick.uncertainty.disagreement import disagreement, disagreement_of_boxes
from scanpick.uncertainty.scoring import FrameScores, score_disagreement, score_frames

SCORES: Registry[BoxScore] = Registry(
    "score",
    {
        "least_confidence": "scanpick.uncertainty.box_scores:least_confidence",
        "entropy": "scanpick.uncertainty.box_scores:entropy",
        "margin": "scanpick.uncertainty.box_scores:margin",
        "ambiguous": "scanpick.uncertainty.box_scores:ambiguous",
        "class_entropy": "scanpick.uncertainty.box_scores:class_entropy",
        "heading_entropy": "scanpick.uncertainty.box_scores:heading_entropy",
        "box_spread": "scanpick.uncertainty.box_scores:box_spread",
        "dropout_disagreement": "scanpick.uncertainty.box_scores:dropout_disagreement",
        "input_disagreement": "scanpick.uncertainty.box_scores:input_disagreement",
    },
    group="scanpick.scores",
)

__all__ = [
    "AGGREGATIONS",
    "SCORES",
    "BoxScore",
    "FrameScores",
    "aggregate",
    "disagreement",
    "disagreement_of_boxes",
    "score_disagreement",
    "score_frames",
]
