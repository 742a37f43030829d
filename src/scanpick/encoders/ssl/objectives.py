"""What the network learns from, without labels: hidden cells, the shapes of things, and words that views agree on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scanpick.encoders.ssl.network import SceneNetwork
from scanpick.encoders.ssl.sparse import CellConv
from scanpick.encoders.ssl.weights import (
    CHILDREN,
    DECODED,
    HIDDEN,
    PARTS,
    PROJECTED,
    THING_TARGETS,
    NetworkConfig,
    SslWeights,
    read_weights,
    write_weights,
)

WORD_TEMPERATURE, BALANCE_SHARPNESS, BALANCE_ROUNDS = 0.1, 0.05, 3
"""As published for SwAV."""


class Pretraining(nn.Module):
    """The scene network with the heads that it is trained through.

    - Hidden cells of 2.56 m are rebuilt from those around them: what lies in each of their places of 0.32 m (masked
      autoencoding: He et al., CVPR 2022; of convolutions over what is visible: Tian et al., "SparK", ICLR 2023).
    - Cells tell whether a thing stands there and its length, width, top, bottom and density (free targets, computed
      from the whole scene while the network sees a thinned view of it).
    - Things of two views of a scene are described by the same of K words; words are used equally often
      (Caron et al., "SwAV", NeurIPS 2020, of things instead of images).
    """

    def __init__(self, config: NetworkConfig, words: int) -> None:
        super().__init__()
        self.network = SceneNetwork(config)
        channels = config.outputs
        self.hidden_token = nn.Parameter(torch.randn(channels) * 0.02)
        self.decoder = nn.ModuleList([CellConv(channels, DECODED), CellConv(DECODED, DECODED)])
        self.decoder_norms = nn.ModuleList([nn.BatchNorm1d(DECODED), nn.BatchNorm1d(DECODED)])
        self.content = nn.Linear(DECODED, CHILDREN * PARTS)
        self.standing = nn.Linear(channels, 1)
        self.shape = nn.Linear(channels, THING_TARGETS)
        self.project = nn.Sequential(
            nn.Linear(channels, HIDDEN), nn.BatchNorm1d(HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, PROJECTED)
        )
        self.words = nn.Parameter(F.normalize(torch.randn(words, PROJECTED), dim=1))

    def rebuild(self, coarse: Tensor, hidden: Tensor, neighbours: Tensor) -> Tensor:
        """(H, 64, 3) logits of the content of hidden cells.

        Args:
            coarse: (U - H, C) features of the visible cells of 2.56 m.
            hidden: (U,) bool.
            neighbours: (U, 9) int32 of all of them.
        """
        rows = self.hidden_token.expand(len(hidden), -1).index_copy(0, torch.nonzero(~hidden)[:, 0], coarse)
        for layer, norm in zip(self.decoder, self.decoder_norms, strict=True):
            rows = F.relu(norm(layer(rows, neighbours)))
        logits: Tensor = self.content(rows[hidden])
        return logits.view(-1, CHILDREN, PARTS)

    def word_scores(self, things: Tensor) -> Tensor:
        """(M, K) cosines of things, (M, C) mean features of their cells, to the words."""
        return F.normalize(self.project(things), dim=1) @ F.normalize(self.words, dim=1).T


def save_pretraining(path: Path, network: Pretraining, origin: Mapping[str, Any]) -> None:
    """Write the network with its heads, so that its training can go on. Matrices are stored in half precision.

    Args:
        path: Ends in ``.npz``.
        network: The network.
        origin: How it was trained.
    """
    arrays = {name: _narrowed(value.detach().cpu()).numpy() for name, value in network.state_dict().items()}
    plain = json.loads(json.dumps(dict(origin)))  # nothing that is more than it looks, such as torch's version
    write_weights(path, SslWeights(network.network.config, len(network.words), arrays, plain))


def load_pretraining(path: Path) -> Pretraining:
    """The network that a file of weights holds, in single precision and evaluation mode.

    Raises:
        ScanpickError: The file cannot be read, or does not fit.
    """
    weights = read_weights(path)
    network = Pretraining(weights.config, weights.vocabulary)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.arrays.items()})
    return network.eval()


def mean_by_thing(features: Tensor, rows: Tensor, things: Tensor, count: int) -> Tensor:
    """(count, C) mean over the cells of each thing, 0 for those without."""
    sums = features.new_zeros(count, features.shape[1]).index_add(0, things, features.index_select(0, rows))
    return sums / torch.bincount(things, minlength=count).clamp(min=1)[:, None]


def swapped_words(one: Tensor, other: Tensor) -> Tensor:
    """The loss of telling each view's words from the other view: (M, K) cosines of both, M at least 1."""
    with torch.no_grad():
        wanted_one, wanted_other = balanced(one.detach()), balanced(other.detach())
    told_one, told_other = (F.log_softmax(scores / WORD_TEMPERATURE, dim=1) for scores in (one, other))
    return -((wanted_one * told_other).sum(dim=1).mean() + (wanted_other * told_one).sum(dim=1).mean()) / 2


def balanced(scores: Tensor) -> Tensor:
    """(M, K) shares of words in things, rows summing to 1 and columns about equal (Sinkhorn and Knopp)."""
    shares = torch.exp((scores - scores.max()) / BALANCE_SHARPNESS)
    count, words = shares.shape
    for _ in range(BALANCE_ROUNDS):
        shares = shares / shares.sum(dim=0, keepdim=True).clamp(min=1e-30) / words
        shares = shares / shares.sum(dim=1, keepdim=True).clamp(min=1e-30) / count
    return shares * count


def _narrowed(value: Tensor) -> Tensor:
    return value.half() if value.is_floating_point() and value.dim() > 1 else value
