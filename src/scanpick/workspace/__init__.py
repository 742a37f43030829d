"""The folder on disk that a job lives in: frames, embeddings, predictions, selections. Every step can be resumed."""

from scanpick.workspace.frame_table import FrameTable
from scanpick.workspace.manifest import Manifest
from scanpick.workspace.pool import pool_of
from scanpick.workspace.workspace import Workspace

__all__ = ["FrameTable", "Manifest", "Workspace", "pool_of"]
