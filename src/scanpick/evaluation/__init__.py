"""Matching, average precision, and the KITTI protocol."""
