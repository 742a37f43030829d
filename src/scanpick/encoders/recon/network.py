"""The ReCon encoder: neighbourhoods of a cloud -> tokens -> a feature."""

import torch
from torch import Tensor, nn

from scanpick.encoders.recon.config import ReConConfig
from scanpick.encoders.recon.tokeniser import PatchEncoder
from scanpick.encoders.recon.transformer import ReConBlock


class ReConBlocks(nn.Module):
    """The stack of encoder blocks; positions are added to all tokens again before every one."""

    def __init__(self, config: ReConConfig) -> None:
        super().__init__()
        drops = torch.linspace(0, config.drop_path, config.depth).tolist()
        self.blocks = nn.ModuleList(ReConBlock(config.width, config.heads, drop) for drop in drops)

    def forward(
        self, special: Tensor, special_position: Tensor, patches: Tensor, position: Tensor, *, stop_gradient: bool
    ) -> tuple[Tensor, Tensor]:
        """(B, 3, C) special tokens and (B, G, C) patches with their positions, through all blocks."""
        for block in self.blocks:
            special, patches = block(special + special_position, patches + position, stop_gradient=stop_gradient)
        return special, patches


class ReConEncoder(nn.Module):
    """Tokeniser, special tokens and blocks. Base has 43,107,072 parameters.

    Special tokens are in the order class, image, text.
    """

    def __init__(self, config: ReConConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.cls_token, self.img_token, self.text_token = (nn.Parameter(torch.zeros(1, 1, width)) for _ in range(3))
        self.cls_pos, self.img_pos, self.text_pos = (nn.Parameter(torch.randn(1, 1, width) * 0.02) for _ in range(3))
        self.encoder = PatchEncoder(width)
        self.pos_embed = position_embedding(width)
        self.blocks = ReConBlocks(config)
        self.norm = nn.LayerNorm(width)

    def forward(
        self,
        neighbourhoods: Tensor,
        centres: Tensor,
        *,
        visible: Tensor | None = None,
        stop_gradient: bool = False,
        tokens: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Tokens after the final norm.

        Args:
            neighbourhoods: (B, G, S, 3) points relative to their centre.
            centres: (B, G, 3).
            visible: (B, G) bool, as many a row, of the patches that the encoder sees; None for all.
            stop_gradient: Keep the special tokens' gradients from the patches (pre-training).
            tokens: (B, G, C) what the patch encoder gives, where it has been run before.

        Returns:
            (B, 3, C) special tokens, and (B, V, C) patch tokens in the order of the groups.
        """
        batch = len(centres)
        patches, position = self.encoder(neighbourhoods) if tokens is None else tokens, self.pos_embed(centres)
        if visible is not None:
            patches = patches[visible].view(batch, -1, self.config.width)
            position = position[visible].view(batch, -1, self.config.width)
        special = torch.cat([self.cls_token, self.img_token, self.text_token], dim=1).expand(batch, -1, -1)
        special_position = torch.cat([self.cls_pos, self.img_pos, self.text_pos], dim=1).expand(batch, -1, -1)
        special, patches = self.blocks(special, special_position, patches, position, stop_gradient=stop_gradient)
        return self.norm(special), self.norm(patches)


def position_embedding(width: int) -> nn.Sequential:
    """(…, 3) centres -> (…, C)."""
    return nn.Sequential(nn.Linear(3, 128), nn.GELU(), nn.Linear(128, width))


def frozen_feature(special: Tensor, patches: Tensor) -> Tensor:
    """(B, 2C), for use without fine-tuning: [max over the special tokens, max + mean over the patches]."""
    return torch.cat([special.amax(dim=1), patches.amax(dim=1) + patches.mean(dim=1)], dim=1)


def finetune_feature(special: Tensor, patches: Tensor) -> Tensor:
    """(B, 4C), what the authors' fine-tuning head takes: [class, image, text, max over the patches]."""
    return torch.cat([special.flatten(1), patches.amax(dim=1)], dim=1)
