"""A dynamic-pillar, anchor-free network after CenterPoint (Yin et al., CVPR 2021, arXiv 2006.11275), made for CPUs."""
