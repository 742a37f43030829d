"""Tables, plots and pages. They read and draw, and compute nothing that a study computes."""
