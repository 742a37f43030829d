"""What scanpick costs beside other tools, measured on identical data in one run."""
