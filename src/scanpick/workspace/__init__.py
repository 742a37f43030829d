"""The folder on disk that a job lives in: frames, embeddings, predictions, selections. Every step can be resumed."""

from scanpick.workspace.frame_table import FrameTable
from scanpick.workspace.manifest import Manifest
from scanpick.workspace.pool import pool_of
from scanpick.workspace.selections import load_selection, save_selection
from scanpick.workspace.workspace import Workspace

__all__ = ["FrameTable", "Manifest", "Workspace", "load_selection", "pool_of", "save_selection"]
