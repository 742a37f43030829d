"""From detections to one number per frame: how unsure the detector is."""
