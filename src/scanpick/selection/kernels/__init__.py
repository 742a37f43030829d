"""Array algorithms of selection: exact, lazy, and free of frames, files and names."""
