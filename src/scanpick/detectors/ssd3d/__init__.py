"""3DSSD, a single-stage detector on points (Yang et al., CVPR 2020), as mmdetection3d configures it."""
