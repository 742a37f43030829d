"""A small encoder of whole scenes, pre-trained without labels on simulated drives."""
