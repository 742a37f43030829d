"""ReCon (Qi et al., *Contrast with Reconstruct*, ICML 2023, arXiv 2302.02318): network and pre-training."""
