"""The folder on disk: frames, embeddings, predictions, selections; atomic, resumable, fingerprinted."""
