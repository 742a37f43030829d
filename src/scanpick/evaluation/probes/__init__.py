"""Probes: what an embedding knows of its frames, measured without training a detector.

Arrays in (vectors, targets, drives, times), scores with confidence intervals out; numpy and scipy only.
`suite.probe` runs all of them:

- **prediction**: ridge regression and k nearest neighbours predict what matters for detection (`targets`), always for
  drives that were not learned from (`splits`);
- **retrieval**: whether the nearest frames are of the same drive, and near in time;
- **redundancy**: whether a small distance tells frames of nearly the same moment from all others;
- **robustness**: whether a frame that was turned, thinned or made noisy stays closer to itself than to others.
"""

from scanpick.evaluation.probes.scores import Difference, Score, difference
from scanpick.evaluation.probes.suite import ProbeFrames, ProbeSettings, Probing, Vectors, probe

__all__ = ["Difference", "ProbeFrames", "ProbeSettings", "Probing", "Score", "Vectors", "difference", "probe"]
