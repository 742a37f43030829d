"""Reading official ReCon checkpoints, without unpickling anything but tensors."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from scanpick.encoders.recon.config import CONFIGS, ReConConfig
from scanpick.encoders.recon.network import ReConEncoder
from scanpick.errors import ScanpickError
from scanpick.networks.fit import first_few
from scanpick.networks.weights import read_tensors, take_weights

DECODER_PREFIXES = (
    *("mask_token", "decoder_pos_embed.", "MAE_decoder.", "increase_dim.", "img_proj.", "text_proj."),
    *("img_encoder.", "text_encoder.", "logit_scale"),
)
"""Entries that an encoder has no use for."""

_HEAD = "cls_head_finetune"


def load_encoder(path: Path) -> ReConEncoder:
    """Build the encoder that a checkpoint holds: its size is read off its shapes.

    Raises:
        ScanpickError: The file cannot be read, holds anything but tensors and plain values, is of another layout
            (two-tower, fine-tuned with a head, another network), or misses parameters; the message names them.
    """
    state = encoder_state(read_state(path), source=str(path))
    encoder = ReConEncoder(_config_of(state, source=str(path)))
    take_weights(encoder, state, "a ReCon encoder", str(path))
    return encoder.eval()


def read_state(path: Path) -> dict[str, Tensor]:
    """The parameters in a checkpoint file, under the names they are stored with, less a leading ``module.``."""
    return {name.removeprefix("module."): value for name, value in read_tensors(path, "base_model").items()}


def encoder_state(state: Mapping[str, Tensor], *, source: str) -> dict[str, Tensor]:
    """The encoder's part of a checkpoint, with the prefix taken off; other layouts are refused by name."""
    if any(".visual_encoder" in name or "visual_blocks" in name or "cross_modal_blocks" in name for name in state):
        raise ScanpickError(
            f"{source}: is a two-tower ReCon checkpoint, another layout. Use the authors' default, "
            f"single-tower checkpoint."
        )
    head = next((name for name in state if _HEAD in name), None)
    if head is not None:
        raise ScanpickError(
            f"{source}: is a fine-tuned ReCon checkpoint: it has a classification head ('{head}'), and its encoder was "
            f"trained for those classes. Use the authors' pre-trained checkpoint."
        )
    for prefix in ("MAE_encoder.", "base_model.", ""):
        chosen = {n.removeprefix(prefix): v for n, v in state.items() if n.startswith(prefix)}
        chosen = {n: v for n, v in chosen.items() if not n.startswith(DECODER_PREFIXES)}
        if "cls_token" in chosen:
            return chosen
    raise ScanpickError(
        f"{source}: is not a ReCon checkpoint: expected 'MAE_encoder.cls_token', got: {first_few(sorted(state))}."
    )


def _config_of(state: Mapping[str, Tensor], *, source: str) -> ReConConfig:
    depth = 1 + max((int(n.split(".")[2]) for n in state if n.startswith("blocks.blocks.")), default=-1)
    width = state["cls_token"].shape[-1]
    if depth == 0:
        raise ScanpickError(f"{source}: is not a ReCon checkpoint of the single-tower layout: no 'blocks.blocks.*'.")
    for config in CONFIGS.values():
        if config.width == width and config.depth == depth:
            return config
    # Heads are not stored: 64 channels a head, as all published sizes have; 6 heads for the rest.
    return replace(ReConConfig(), width=width, depth=depth, heads=width // 64 if width % 64 == 0 else 6)
