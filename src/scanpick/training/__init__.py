"""Train a detector on the frames of a data set, predict others, and measure; or adapt an encoder to them."""
