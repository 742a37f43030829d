"""``sp.pick``: from a folder of frames to a list of frames to label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from scanpick.face.embedding import EmbeddingPlan
from scanpick.face.picks import Picks
from scanpick.formats.labelled_ids import read_labelled_ids
from scanpick.reports.report import STEPS, write_report
from scanpick.selection import parse_budget, select
from scanpick.selection.strategies import STRATEGIES
from scanpick.workspace.index import index
from scanpick.workspace.labelled import AUTO, labelled_frames
from scanpick.workspace.picked_rounds import begun, check_not_handed_off, note_picks, parse_share, set_apart
from scanpick.workspace.pool import in_rounds, pool_of
from scanpick.workspace.reading import Progress, no_progress
from scanpick.workspace.rounds import Rounds
from scanpick.workspace.selections import check_nobodys, check_not_replaced, keep_selection, publish
from scanpick.workspace.workspace import Workspace


def pick(
    data: str | Path,
    budget: str | int,
    out: str | Path,
    *,
    strategy: str = "diversity",
    strategy_options: Mapping[str, Any] | None = None,
    at_most: bool = False,
    labelled: str | Path | Sequence[str | Path] = (),
    labelled_missing: Literal["error", "ignore"] = "error",
    validation: str | None = None,
    seed: int = 0,
    encoder: str | None = None,
    encoder_options: Mapping[str, Any] | None = None,
    file: str | Path | None = None,
    ids: str | Path | None = None,
    allow_extra: bool = False,
    whiten: str | int | None = None,
    l2: bool = False,
    options: Mapping[str, Any] | None = None,
    name: str | None = None,
    replace: bool = False,
    report: bool = True,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Picks:
    """Pick the frames of a data set that are worth labelling: index, embed, select and report in one go.

    The folder then holds frames.txt, selection.csv, selection.parquet and report.html, and the pool that `open_pool`
    and the other verbs go on with. Killed and started again, it goes on where it stopped. Another pick into the same
    folder takes their places; every selection stays under its name in ``selections``.

    It is the first round of the pool as a project: `hand_off`, `add_labels` and `next` go on from there. Until it is
    handed off, it may be picked anew; a pick that is told that all of its frames have labels begins the next round.

    Args:
        data: A folder of frames (KITTI or any point files), or ``NAME:ARGUMENT`` such as ``simulated:demo``.
        budget: How many frames, or what share of them: 185 or "5%".
        out: The folder of the results.
        strategy: What orders the frames.
        strategy_options: Options of the strategy.
        at_most: Take what there is where the budget is larger than the pool.
        labelled: Frames that have labels already: files of ids, folders of label files, or "auto" for all that have
            labels in the data set.
        labelled_missing: What to do about labelled frames that the data set does not have (any more).
        validation: Set whole drives apart that hold this share of the frames ("10%"), drawn by `seed`: as many frames
            of them as are picked, evenly spaced in time, are labelled first, and every later detector is measured on
            them; none of these drives is picked from.
        seed: Seed of all chance.
        encoder: What turns a frame into a vector; it and the next six are as for `embed`.
        encoder_options: Options of the encoder.
        file: Your own embeddings.
        ids: The frame ids of their rows.
        allow_extra: Pass over ids in `file` that the data set does not have.
        whiten: Whiten the vectors.
        l2: Scale the vectors to unit length.
        options: Options of the data set.
        name: What to call the selection; strategy and next number by default.
        replace: Replace another selection of this name.
        report: Write report.html too.
        workers: Processes; all cores by default.
        progress: Shows how far it is.

    Raises:
        ScanpickError: An argument does not fit, no frame can be used, or another's files would be replaced.

    Example:
        >>> import scanpick as sp
        >>> picks = sp.pick("simulated:demo", 2, "picks", encoder="statistics", options={"frames": 8}, report=False)
        >>> len(picks), picks.files["frames.txt"].read_text().split() == list(picks.frame_ids)
        (2, True)
    """
    # What was asked for is checked before any frame is read
    out, budget, strategy_options = Path(out), str(budget), dict(strategy_options or {})
    STRATEGIES.make(strategy, strategy_options)
    parse_budget(budget)
    plan = EmbeddingPlan.of(encoder, encoder_options, file=file, ids=ids, allow_extra=allow_extra, whiten=whiten, l2=l2)
    check_nobodys(out, replace=replace)
    workspace = Workspace(out)
    asked_share = None if validation is None else parse_share(validation)
    check_not_handed_off(workspace, labelled)
    if name is not None:
        workspace.selection_path(name)
    sources = _sources(labelled)
    lists = [Path(source) for source in sources if source != AUTO]
    read_labelled_ids(lists)
    for path in lists:
        check_not_replaced(path, out, name)

    # Each frame is read once, for the index and for the encoder
    index(str(data), workspace, options=options, encoder=plan.encoder, workers=workers, progress=progress)
    with workspace.write_lock():
        table = plan.make(workspace, workers=workers, progress=progress)
        known = labelled_frames(workspace, sources, ignore_missing=labelled_missing == "ignore")
        rounds = begun(Rounds.of(workspace), known.frame_ids)
        pool = pool_of(workspace, [table.name], known)
        if asked_share is not None:
            rounds = set_apart(rounds, pool, asked_share, budget, seed=seed)
        pool = in_rounds(pool, rounds)
        selection = select(pool, strategy, budget, seed=seed, options=strategy_options, at_most=at_most)

        settings = {"budget": budget, "strategy": strategy, "options": strategy_options, "at_most": at_most}
        settings |= {"seed": seed, "embedding": table.name, "labelled": sources}
        settings |= {} if validation is None else {"validation": validation}
        name, selection = keep_selection(
            workspace, selection, pool, name=name, replace=replace, verb="pick", settings=settings
        )
        if report:
            with progress("Writing the report", STEPS) as advance:
                write_report(workspace, name, workspace.selection_path(name).with_suffix(".html"), advance=advance)
        files = publish(workspace, name)
        note_picks(rounds, name, "pick")

    frames = workspace.frames()
    return Picks(
        pool=workspace,
        name=name,
        selection=selection,
        encoder=table.meta["encoder"],
        labelled=int(pool.labelled.sum()),
        labelled_missing=known.missing,
        files={path.name: path for path in files},
        set_aside=frames.set_aside | dict(table.meta["set_aside"]),
    )


def _sources(labelled: str | Path | Sequence[str | Path]) -> list[str]:
    """Where labelled frames are named, by absolute paths, so that the record can be read anywhere."""
    texts = [labelled] if isinstance(labelled, str | Path) else labelled
    return [AUTO if str(text).strip() == AUTO else str(Path(text).resolve()) for text in texts]
