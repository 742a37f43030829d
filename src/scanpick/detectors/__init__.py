"""Networks that find boxes in frames: fit, predict."""
