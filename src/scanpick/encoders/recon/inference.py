"""The ReCon encoder for inference only: the same function in fewer passes over memory.

Next to `ReConEncoder`, whose parameters it takes: batch norms are folded into the layer before them; activations are
computed with the matrix product where the library can; patches are embedded a few groups at a time, so that what
lies between two products stays in the processor's cache; and what all patches are multiplied with in a block (q, k,
v of their own attention, and k and v of the special tokens') is one product.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scanpick.encoders.recon.network import ReConEncoder
from scanpick.encoders.recon.transformer import CrossAttention, ReConBlock

Precision = Literal["float32", "bfloat16"]
"""Of matrix products and attention: float32, or bfloat16 with sums, norms and the stream of tokens in float32."""

Activation = Literal["none", "relu", "gelu"]

GROUPS_AT_A_TIME = 64


class FrozenReCon:
    """A ReCon encoder that cannot be trained.

    It agrees with `ReConEncoder` in evaluation mode to rounding (1e-5 in float32). The parameters are copied: later
    changes of `encoder` do not show.

    Args:
        encoder: On its device; in float64 it computes in float64.
        precision: "bfloat16" is about twice as fast where the processor has such products, and good to two to three
            decimal places.
    """

    @torch.no_grad()
    def __init__(self, encoder: ReConEncoder, precision: Precision = "float32") -> None:
        self.config = encoder.config
        self._patches = _Patches(encoder.encoder.first_conv, encoder.encoder.second_conv, precision)
        self._position = _two_layers(encoder.pos_embed[0], encoder.pos_embed[2], precision)
        names = ("cls", "img", "text")
        self._special = torch.cat([getattr(encoder, f"{name}_token") for name in names], dim=1).clone()
        self._special_position = torch.cat([getattr(encoder, f"{name}_pos") for name in names], dim=1).clone()
        self._blocks = [_Block(block, precision) for block in encoder.blocks.blocks if isinstance(block, ReConBlock)]
        self._norm = deepcopy(encoder.norm)

    @torch.inference_mode()
    def __call__(self, neighbourhoods: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens after the final norm.

        Args:
            neighbourhoods: (B, G, S, 3) points relative to their centre.
            centres: (B, G, 3).

        Returns:
            (B, 3, C) special tokens, and (B, G, C) patch tokens.
        """
        patches = self._patches(neighbourhoods)
        position = _through(self._position, centres).to(patches.dtype)
        special = self._special.expand(len(centres), -1, -1)
        for block in self._blocks:
            special, patches = block(special + self._special_position, patches.add_(position))
        return self._norm(special), self._norm(patches)


class _Linear:
    """A linear layer and the activation behind it.

    On a processor and in float32, weights are put in the order that oneDNN multiplies fastest, and the activation is
    computed while its input is still in registers. The operators are those that torch.compile uses; where a build of
    torch lacks them, the plain ones give the same to rounding.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor | None, precision: Precision, activation: Activation = "none"
    ) -> None:
        self._activation = activation
        self._half = precision == "bfloat16"
        dtype = torch.bfloat16 if self._half else weight.dtype
        self._weight = weight.detach().to(dtype, copy=True).contiguous()
        self._bias = None if bias is None else bias.detach().to(dtype, copy=True).contiguous()
        self._packed: Tensor | None = None
        if weight.device.type == "cpu" and dtype == torch.float32 and _can_pack():
            self._packed = torch.ops.mkldnn._reorder_linear_weight(self._weight, None)

    @classmethod
    def of(cls, layer: nn.Module, precision: Precision, activation: Activation = "none") -> _Linear:
        """Of a linear layer, or of a convolution of width 1."""
        assert isinstance(layer, nn.Linear | nn.Conv1d)
        return cls(layer.weight.flatten(1), layer.bias, precision, activation)

    def __call__(self, x: Tensor) -> Tensor:
        """(..., I) -> (..., O)."""
        if self._half:
            x = x.bfloat16()
        if self._packed is not None:
            return torch.ops.mkldnn._linear_pointwise(x, self._packed, self._bias, self._activation, [], "none")
        product = F.linear(x, self._weight, self._bias)
        if self._activation == "relu":
            return product.relu_()
        return F.gelu(product) if self._activation == "gelu" else product


class _Patches:
    """`PatchEncoder` with its batch norms folded in."""

    def __init__(self, first: nn.Sequential, second: nn.Sequential, precision: Precision) -> None:
        weight, bias = _folded(first[0], first[1])
        self._first = [_Linear(weight, bias, precision, "relu"), _Linear.of(first[3], precision)]
        weight, bias = _folded(second[0], second[1])
        half = weight.shape[1] // 2
        # [overall, local]: what is the same for all points of a group is multiplied once a group.
        self._overall = _Linear(weight[:, :half], bias, precision)
        self._local = _Linear(weight[:, half:], None, precision)
        self._second = _Linear.of(second[3], precision)

    def __call__(self, neighbourhoods: Tensor) -> Tensor:
        batch, groups, size, _ = neighbourhoods.shape
        tokens = [self._few(few) for few in torch.split(neighbourhoods.reshape(-1, size, 3), GROUPS_AT_A_TIME)]
        return torch.cat(tokens).view(batch, groups, -1).to(neighbourhoods.dtype)

    def _few(self, groups: Tensor) -> Tensor:
        """(g, S, 3) -> (g, C)."""
        local = _through(self._first, groups)
        mixed = self._local(local).add_(self._overall(local.amax(dim=1))[:, None]).relu_()
        return self._second(mixed).amax(dim=1)


class _Block:
    """`ReConBlock` without dropping."""

    def __init__(self, block: ReConBlock, precision: Precision) -> None:
        self._norms = deepcopy([block.norm1, block.norm2])
        self._norms_of_special = deepcopy([block.norm1_contrast, block.norm2_contrast])
        self._heads = block.attn.heads
        both = torch.cat([block.attn.qkv.weight, block.attn_contrast.kv.weight])
        self._qkvkv = _Linear(both, None, precision)
        self._projection = _Linear.of(block.attn.proj, precision)
        self._special_attention = _FromSpecial(block.attn_contrast, precision)
        self._mlp = _two_layers(block.mlp.fc1, block.mlp.fc2, precision)
        self._mlp_of_special = _two_layers(block.mlp_contrast.fc1, block.mlp_contrast.fc2, precision)

    def __call__(self, special: Tensor, patches: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, C) special tokens and (B, G, C) patches with their positions, both anew."""
        special, patches = self._norms_of_special[0](special), self._norms[0](patches)
        q, k, v, special_k, special_v = _heads(self._qkvkv(patches), 5, self._heads)
        special = special + self._special_attention(special, special_k, special_v)
        patches.add_(self._projection(_joined(F.scaled_dot_product_attention(q, k, v))))
        special, patches = self._norms_of_special[1](special), self._norms[1](patches)
        special = special + _through(self._mlp_of_special, special)
        return special, patches.add_(_through(self._mlp, patches))


class _FromSpecial:
    """`CrossAttention` where k and v are computed already.

    Written out, since for three queries the fused attention rounds otherwise on one thread than on two; all other
    steps do not.
    """

    def __init__(self, attention: CrossAttention, precision: Precision) -> None:
        self._heads = attention.heads
        self._q, self._projection = (_Linear.of(layer, precision) for layer in (attention.q, attention.proj))

    def __call__(self, special: Tensor, k: Tensor, v: Tensor) -> Tensor:
        (q,) = _heads(self._q(special), 1, self._heads)  # (B, heads, 3, C / heads)
        likeness = (q @ k.transpose(2, 3)).to(special.dtype) / q.shape[3] ** 0.5
        return self._projection(_joined(likeness.softmax(dim=3).to(v.dtype) @ v))


def _heads(rows: Tensor, parts: int, heads: int) -> tuple[Tensor, ...]:
    """(B, T, parts * C) -> `parts` views (B, heads, T, C / heads)."""
    batch, tokens, width = rows.shape
    return rows.view(batch, tokens, parts, heads, width // parts // heads).permute(2, 0, 3, 1, 4).unbind()


def _joined(mixed: Tensor) -> Tensor:
    """(B, heads, T, C / heads) -> (B, T, C)."""
    return mixed.transpose(1, 2).flatten(2)


def _through(layers: Sequence[_Linear], x: Tensor) -> Tensor:
    for layer in layers:
        x = layer(x)
    return x


def _two_layers(first: nn.Module, second: nn.Module, precision: Precision) -> list[_Linear]:
    """The two with a GELU between."""
    return [_Linear.of(first, precision, "gelu"), _Linear.of(second, precision)]


def _folded(layer: nn.Module, norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight (O, I) and bias (O,) of a convolution of width 1 with the batch norm behind it, as it is at inference."""
    assert isinstance(layer, nn.Conv1d)
    assert isinstance(norm, nn.BatchNorm1d)
    assert layer.bias is not None
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return layer.weight[:, :, 0] * scale[:, None], (layer.bias - norm.running_mean) * scale + norm.bias


def _can_pack() -> bool:
    available: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return available and all(
        hasattr(torch.ops.mkldnn, name) for name in ("_linear_pointwise", "_reorder_linear_weight")
    )
