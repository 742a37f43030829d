"""What an embedding knows of its frames, measured without training a detector."""
