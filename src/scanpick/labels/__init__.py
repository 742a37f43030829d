"""The oracle that stands in for annotators, and what labels cost."""
