"""All that was computed for a report on a selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scanpick.reports.comparison import Coverage, Measure
from scanpick.reports.contact_sheet import ContactSheet
from scanpick.reports.picked_pool import PickedPool
from scanpick.reports.set_aside import Reason
from scanpick.reports.timeline import Timeline


@dataclass(frozen=True, eq=False)
class Results:
    """All that was computed for a report; None where the workspace lacks what it needs."""

    pool: PickedPool
    coverage: Coverage | None
    redundancy: Measure | None
    embedding_map: dict[str, Any] | None
    timeline: Timeline | None
    sheet: ContactSheet
    reasons: list[Reason]
