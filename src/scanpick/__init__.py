"""scanpick: pick the LiDAR frames whose labels improve a 3D detector most per unit of annotation cost.

    import scanpick as sp
    picks = sp.pick("path/to/kitti", budget="5%", out="picks")

The names below are imported when they are first used, so that ``import scanpick`` is instant.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, which takes longer to import than all of this

if TYPE_CHECKING:
    from typing import Any

    __version__: str
    from scanpick.datasets import Dataset as Dataset
    from scanpick.datasets import open_dataset as open_dataset
    from scanpick.errors import ScanpickError as ScanpickError
    from scanpick.face.adapting import adapt as adapt
    from scanpick.face.detectors import predict as predict
    from scanpick.face.detectors import score as score
    from scanpick.face.detectors import train as train
    from scanpick.face.doctor import doctor as doctor
    from scanpick.face.embedding import embed as embed
    from scanpick.face.evaluation import evaluate as evaluate
    from scanpick.face.exporting import export as export
    from scanpick.face.handing_off import hand_off as hand_off
    from scanpick.face.handing_off import recall as recall
    from scanpick.face.next_round import next as next
    from scanpick.face.picking import pick as pick
    from scanpick.face.picks import Picks as Picks
    from scanpick.face.pools import index as index
    from scanpick.face.pools import open_pool as open_pool
    from scanpick.face.predictions import convert_predictions as convert_predictions
    from scanpick.face.probing import probe as probe
    from scanpick.face.progress import forecast as forecast
    from scanpick.face.progress import status as status
    from scanpick.face.reporting import report as report
    from scanpick.face.returning import add_labels as add_labels
    from scanpick.face.selecting import select as select
    from scanpick.face.simulation import simulate as simulate
    from scanpick.face.study import plan_study as plan_study
    from scanpick.face.study import study as study
    from scanpick.face.study import study_progress as study_progress
    from scanpick.face.viewing import decide as decide
    from scanpick.face.viewing import view as view
    from scanpick.reports.study.compare import compare_studies as compare_studies
    from scanpick.selection import Constraints as Constraints
    from scanpick.selection import ObjectEmbeddings as ObjectEmbeddings
    from scanpick.selection import Pool as Pool
    from scanpick.structures import Detections as Detections
    from scanpick.structures import EmbeddingTable as EmbeddingTable
    from scanpick.structures import Frame as Frame
    from scanpick.structures import Labels as Labels
    from scanpick.structures import Selection as Selection
    from scanpick.workspace import Workspace as Workspace

NAMES = {
    # What to do
    "open_dataset": "scanpick.datasets:open_dataset",
    "pick": "scanpick.face.picking:pick",
    "doctor": "scanpick.face.doctor:doctor",
    "simulate": "scanpick.face.simulation:simulate",
    "index": "scanpick.face.pools:index",
    "open_pool": "scanpick.face.pools:open_pool",
    "embed": "scanpick.face.embedding:embed",
    "select": "scanpick.face.selecting:select",
    "view": "scanpick.face.viewing:view",
    "decide": "scanpick.face.viewing:decide",
    "export": "scanpick.face.exporting:export",
    "hand_off": "scanpick.face.handing_off:hand_off",
    "add_labels": "scanpick.face.returning:add_labels",
    "next": "scanpick.face.next_round:next",
    "status": "scanpick.face.progress:status",
    "forecast": "scanpick.face.progress:forecast",
    "recall": "scanpick.face.handing_off:recall",
    "report": "scanpick.face.reporting:report",
    "train": "scanpick.face.detectors:train",
    "adapt": "scanpick.face.adapting:adapt",
    "predict": "scanpick.face.detectors:predict",
    "score": "scanpick.face.detectors:score",
    "convert_predictions": "scanpick.face.predictions:convert_predictions",
    "evaluate": "scanpick.face.evaluation:evaluate",
    "probe": "scanpick.face.probing:probe",
    "study": "scanpick.face.study:study",
    "plan_study": "scanpick.face.study:plan_study",
    "study_progress": "scanpick.face.study:study_progress",
    "compare_studies": "scanpick.reports.study.compare:compare_studies",
    # What to do it with
    "Constraints": "scanpick.selection:Constraints",
    "Dataset": "scanpick.datasets:Dataset",
    "Detections": "scanpick.structures:Detections",
    "EmbeddingTable": "scanpick.structures:EmbeddingTable",
    "Frame": "scanpick.structures:Frame",
    "Labels": "scanpick.structures:Labels",
    "ObjectEmbeddings": "scanpick.selection:ObjectEmbeddings",
    "Picks": "scanpick.face.picks:Picks",
    "Pool": "scanpick.selection:Pool",
    "ScanpickError": "scanpick.errors:ScanpickError",
    "Selection": "scanpick.structures:Selection",
    "Workspace": "scanpick.workspace:Workspace",
}
"""Name -> ``module:attribute``."""

__all__ = ["__version__", *NAMES]


if not TYPE_CHECKING:  # a type checker sees the imports above, and every other name is an error

    def __getattr__(name: str) -> Any:
        import importlib

        if name == "__version__":
            globals()[name] = number = importlib.import_module("importlib.metadata").version("scanpick")
            return number
        if name not in NAMES:
            raise AttributeError(f"module 'scanpick' has no attribute '{name}'. It has: {', '.join(__all__)}.")
        module, _, attribute = NAMES[name].partition(":")
        globals()[name] = value = getattr(importlib.import_module(module), attribute)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *NAMES})
