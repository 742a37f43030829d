"""The verbs of scanpick for Python: what ``import scanpick as sp`` shows. The command line calls these, and prints."""
