"""Torch blocks that encoders and detectors share."""
