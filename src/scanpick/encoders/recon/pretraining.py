"""ReCon's pre-training: rebuild hidden patches, agree with other views and with frozen features of images."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scanpick.arrays import BoolArray, FloatArray
from scanpick.encoders.recon.config import ReConConfig
from scanpick.encoders.recon.network import ReConEncoder, position_embedding
from scanpick.encoders.recon.transformer import Block


@dataclass(frozen=True)
class Reconstruction:
    """What one pre-training pass gives; M masked patches in all.

    Attributes:
        rebuilt: (M, S, 3) points predicted for the masked patches, relative to their centres.
        true: (M, S, 3) points of the masked patches.
        special: (B, 3, C) special tokens after the encoder's norm.
        visible: (B, V, C) visible patch tokens after the encoder's norm.
    """

    rebuilt: Tensor
    true: Tensor
    special: Tensor
    visible: Tensor


class Decoder(nn.Module):
    """Standard blocks over visible and mask tokens; returns the mask tokens."""

    def __init__(self, config: ReConConfig) -> None:
        super().__init__()
        drops = torch.linspace(0, config.drop_path, config.decoder_depth).tolist()
        self.blocks = nn.ModuleList(Block(config.width, config.decoder_heads, drop) for drop in drops)
        self.norm = nn.LayerNorm(config.width)

    def forward(self, tokens: Tensor, position: Tensor, last: int) -> Tensor:
        """(B, T, C) -> the `last` tokens, (B, last, C)."""
        for block in self.blocks:
            tokens = block(tokens + position)
        return self.norm(tokens[:, -last:])


class ReConPretraining(nn.Module):
    """Encoder, decoder and the projections to the teachers' features, named as published."""

    def __init__(self, config: ReConConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.mask_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.MAE_encoder = ReConEncoder(config)
        self.decoder_pos_embed = position_embedding(width)
        self.MAE_decoder = Decoder(config)
        self.increase_dim = nn.Sequential(nn.Conv1d(width, 3 * config.group_size, 1))
        self.img_proj = nn.Linear(width, config.image_dim)
        self.text_proj = nn.Linear(width, config.text_dim)

    def forward(
        self,
        neighbourhoods: Tensor,
        centres: Tensor,
        mask: Tensor,
        *,
        tokens: Tensor | None = None,
        stop_gradient: bool = True,
    ) -> Reconstruction:
        """Rebuild the patches that `mask` hides.

        Args:
            neighbourhoods: (B, G, S, 3) points relative to their centre.
            centres: (B, G, 3).
            mask: (B, G) bool, as many hidden patches in each row.
            tokens: See `ReConEncoder.forward`.
            stop_gradient: See there.
        """
        batch, width = len(centres), self.config.width
        special, visible = self.MAE_encoder(
            neighbourhoods, centres, visible=~mask, stop_gradient=stop_gradient, tokens=tokens
        )
        position = self.decoder_pos_embed(centres)
        hidden = int(mask[0].sum())
        positions = [position[chosen].view(batch, -1, width) for chosen in (~mask, mask)]
        tokens = torch.cat([visible, self.mask_token.expand(batch, hidden, -1)], dim=1)
        rebuilt = self.MAE_decoder(tokens, torch.cat(positions, dim=1), hidden)
        points = self.increase_dim(rebuilt.transpose(1, 2)).transpose(1, 2).reshape(batch * hidden, -1, 3)
        return Reconstruction(points, neighbourhoods[mask], special, visible)


def chamfer_l2(a: Tensor, b: Tensor) -> Tensor:
    """Mean squared distance to the nearest point of the other set, both directions added: (M, S, 3) twice -> scalar."""
    return chamfer_l2_of_sets(a, b).mean()


def chamfer_l2_of_sets(a: Tensor, b: Tensor) -> Tensor:
    """The same for each of the sets: (M, S, 3) twice -> (M,)."""
    squared = ((a[:, :, None] - b[:, None]) ** 2).sum(dim=3)
    return squared.amin(dim=2).mean(dim=1) + squared.amin(dim=1).mean(dim=1)


def contrast(one: Tensor, other: Tensor, same_scene: Tensor, temperature: float) -> Tensor:
    """InfoNCE, both ways (van den Oord et al., 2018; SimCLR, Chen et al., ICML 2020, without negatives of one side).

    Row i of `one` should be nearer to row i of `other` than to the rows of other scenes.

    Args:
        one: (B, D) vectors, of any length.
        other: (B, D).
        same_scene: (B, B) bool, pairs that are no counter-examples since they show the same scene; the diagonal, which
            holds the pairs themselves, counts all the same.
        temperature: Of the softmax over cosines.

    Returns:
        The mean loss of the rows; 0 for a batch without any counter-example.
    """
    cosine = F.normalize(one, dim=1) @ F.normalize(other, dim=1).T / temperature
    diagonal = torch.eye(len(one), dtype=torch.bool, device=one.device)
    cosine = cosine.masked_fill(same_scene & ~diagonal, -torch.inf)
    target = torch.arange(len(one), device=one.device)
    return (F.cross_entropy(cosine, target) + F.cross_entropy(cosine.T, target)) / 2


def random_mask(groups: int, share: float, rng: np.random.Generator) -> BoolArray:
    """(G,) ``int(share * G)`` patches hidden, each as likely as any other."""
    mask = np.zeros(groups, dtype=bool)
    mask[rng.permutation(groups)[: int(share * groups)]] = True
    return mask


def block_mask(centres: FloatArray, share: float, rng: np.random.Generator) -> BoolArray:
    """(G,) one of the (G, 3) patches, drawn at random, and those nearest to it hidden: ``int(share * G)`` in all."""
    distance = ((centres - centres[rng.integers(len(centres))]) ** 2).sum(axis=1)
    mask = np.zeros(len(centres), dtype=bool)
    mask[np.argsort(distance, kind="stable")[: int(share * len(centres))]] = True
    return mask
