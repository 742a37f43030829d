"""The published sizes of ReCon."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReConConfig:
    """The size of a ReCon network.

    Attributes:
        width: C, length of a token.
        depth: Blocks of the encoder.
        heads: Attention heads of the encoder.
        decoder_depth: Blocks of the decoder, which only pre-training has.
        decoder_heads: Attention heads of the decoder.
        group_size: S, points of a patch.
        drop_path: Share of residual branches that are dropped in the last block while training; linear from 0.
        image_dim: Length of the image teacher's feature.
        text_dim: Length of the text teacher's feature.
    """

    width: int = 384
    depth: int = 12
    heads: int = 6
    decoder_depth: int = 4
    decoder_heads: int = 6
    group_size: int = 32
    drop_path: float = 0.1
    image_dim: int = 768
    text_dim: int = 512


CONFIGS = {
    "base": ReConConfig(),
    "small": ReConConfig(width=256, heads=4, decoder_heads=4),
    "tiny": ReConConfig(width=192, heads=3, decoder_heads=3),
}
"""The published configurations. The number of groups is not among them: the weights do not depend on it."""
