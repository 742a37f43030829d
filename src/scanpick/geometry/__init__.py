"""Points and boxes in space: transforms, corners, overlap, sampling, grids. numpy and numba, no torch."""
