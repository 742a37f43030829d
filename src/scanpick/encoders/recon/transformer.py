"""The blocks of ReCon. Parameters carry the published names, so that official checkpoints load."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Self-attention over all tokens; q, k and v without bias."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        batch, tokens, width = x.shape
        qkv = self.qkv(x).view(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2])
        return self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))


class CrossAttention(nn.Module):
    """Attention of some tokens to others; q, k and v without bias."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(width, 2 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, query: Tensor, context: Tensor) -> Tensor:
        """(B, Q, C) tokens that look at (B, T, C) others -> (B, Q, C)."""
        batch, queries, width = query.shape
        q = self.q(query).view(batch, queries, self.heads, -1).transpose(1, 2)
        kv = self.kv(context).view(batch, context.shape[1], 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, kv[0], kv[1])
        return self.proj(mixed.transpose(1, 2).reshape(batch, queries, width))


class Mlp(nn.Module):
    """Two layers with GELU, four times as wide between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        return self.fc2(F.gelu(self.fc1(x)))


def drop_path(branch: Tensor, share: float, training: bool) -> Tensor:
    """Drop the whole residual branch of a random `share` of the samples, and scale the others up."""
    if share == 0.0 or not training:
        return branch
    keep = torch.rand(branch.shape[0], 1, 1, device=branch.device) >= share
    return branch * keep / (1.0 - share)


class Block(nn.Module):
    """The decoder's block: standard pre-norm."""

    def __init__(self, width: int, heads: int, drop: float) -> None:
        super().__init__()
        self.drop = drop
        self.norm1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        x = x + drop_path(self.attn(self.norm1(x)), self.drop, self.training)
        return x + drop_path(self.mlp(self.norm2(x)), self.drop, self.training)


class ReConBlock(nn.Module):
    """The encoder's block: patches see patches; the special tokens see the patches, and nothing sees them.

    Not a pre-norm block: each norm **overwrites** the residual stream, as the published code does.
    """

    def __init__(self, width: int, heads: int, drop: float) -> None:
        super().__init__()
        self.drop = drop
        self.norm1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width)
        self.norm1_contrast = nn.LayerNorm(width)
        self.attn_contrast = CrossAttention(width, heads)
        self.norm2_contrast = nn.LayerNorm(width)
        self.mlp_contrast = Mlp(width)

    def forward(self, special: Tensor, patches: Tensor, *, stop_gradient: bool) -> tuple[Tensor, Tensor]:
        """(B, 3, C) special tokens and (B, G, C) patches, both anew; `stop_gradient` keeps contrast from patches."""
        special, patches = self.norm1_contrast(special), self.norm1(patches)
        context = patches.detach() if stop_gradient else patches
        special = special + self._drop(self.attn_contrast(special, context))
        patches = patches + self._drop(self.attn(patches))
        special, patches = self.norm2_contrast(special), self.norm2(patches)
        return special + self._drop(self.mlp_contrast(special)), patches + self._drop(self.mlp(patches))

    def _drop(self, branch: Tensor) -> Tensor:
        return drop_path(branch, self.drop, self.training)
