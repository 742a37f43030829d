"""How good detections are: KITTI's average precision to the last digit, with intervals, breakdowns and a diagnosis."""
