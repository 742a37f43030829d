"""What ``scanpick probe`` is asked for, and how its scores are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from scanpick.errors import ScanpickError, unknown_name
from scanpick.evaluation.probes import Probing, Score
from scanpick.options import parse_pairs, split_list
from scanpick.probes.encoding import Contestant
from scanpick.probes.files import differences
from scanpick.probes.probing import ProbeRun
from scanpick.reports.probes import shown_columns
from scanpick.workspace.embedding_files import read_embedding
from scanpick.workspace.encoders import embedding_name, encoder_named


def choose_contestants(encoders: Sequence[str], options: Sequence[str], embeddings: Sequence[Path]) -> list[Contestant]:
    """Build what the flags ask for, before any frame is read.

    ``NAME=ENCODER`` calls an encoder by another name, so that it can enter twice; an option belongs to one as
    ``NAME.OPTION=VALUE``, or to the only one as ``OPTION=VALUE``.

    Raises:
        ScanpickError: An encoder or an option is unknown, a name comes twice, or nothing is to be probed.
    """
    asked: dict[str, str] = {}
    for text in split_list(encoders, "--encoder"):
        name, equals, encoder = (part.strip() for part in text.partition("="))
        if not name or (equals and not encoder):
            raise ScanpickError(f"--encoder: expected ENCODER or NAME=ENCODER, got '{text}'.")
        if name in asked:
            raise ScanpickError(f"--encoder: '{name}' was given twice. Call one of them NAME={encoder or name}.")
        asked[name] = encoder or name
    options_of = _by_name(options, list(asked))
    found: list[Contestant] = []
    for name, encoder in asked.items():
        called = name if encoder != name else embedding_name(encoder, [one.name for one in found])
        found.append(Contestant(called, encoder=encoder_named(encoder, options_of[name])))
    for folder in embeddings:
        if folder.name in [one.name for one in found]:
            raise ScanpickError(f"--embedding {folder}: '{folder.name}' is also the name of another embedding.")
        found.append(Contestant(folder.name, table=read_embedding(folder).table))
    if not found:
        raise ScanpickError("Nothing to probe: give --encoder NAME or --embedding WORKSPACE/embeddings/NAME.")
    return found


def _by_name(texts: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for key, value in parse_pairs(texts, "--encoder-option").items():
        name, dot, option = key.partition(".")
        if dot and name in found:
            found[name][option] = value
        elif dot:
            raise unknown_name("encoder in --encoder-option", name, names)
        elif len(names) == 1:
            found[names[0]][key] = value
        else:
            raise ScanpickError(
                f"--encoder-option {key}: there are {len(names)} encoders. Say whose it is: "
                f"{names[0] if names else 'ENCODER'}.{key}={value}"
            )
    return found


def score_table(run: ProbeRun) -> Table:
    """Scores by embeddings, with their intervals: one number for each thing that is probed, then every target."""
    probing = run.probing
    table = Table(title=f"{escape(run.data)}; {len(run.frames.frame_ids)} frames", title_justify="left")
    table.add_column("score", style="bold")
    for name in probing.scores:
        table.add_column(escape(name), justify="right")
    for column in shown_columns(probing):
        chance = _chance(probing, column.key)
        table.add_row(
            escape(column.title) + (f" [dim](chance {chance:.2f})[/]" if chance else ""), *_cells(run, column.key)
        )
    table.add_section()
    keys = dict.fromkeys(s.key for scores in probing.scores.values() for s in scores if s.probe in ("ridge", "knn"))
    for key in keys:
        table.add_row(escape(f"{key[1]} by {key[0]}, {key[2]}"), *_cells(run, key))
    return table


def difference_table(run: ProbeRun, baseline: str | None) -> Table | None:
    """Paired differences of the detection-related mean; None where there are none."""
    found = [one for one in differences(run, baseline) if one[2].key == ("detection", "mean", "r2")]
    if not found:
        return None
    table = Table(title="Differences of the detection-related mean, paired", title_justify="left")
    for title in ("one", "less other"):
        table.add_column(title, style="bold")
    for title in ("difference", "95% interval", "p"):
        table.add_column(title, justify="right")
    for one, other, _, found_difference in found:
        low, high = found_difference.interval
        table.add_row(
            escape(one),
            escape(other),
            f"{found_difference.value:+.3f}",
            f"{low:+.3f} to {high:+.3f}",
            f"{found_difference.p_value:.3f}",
        )
    return table


def remarks(run: ProbeRun) -> list[str]:
    """What is missing, and what to know when reading the numbers."""
    left_out: Mapping[str, str] = run.probing.left_out
    told = [*run.notes, *(f"Left out: {name}: {reason}." for name, reason in left_out.items())]
    if run.set_aside:
        told.append(f"{len(run.set_aside)} frames were set aside (probe.json names all):")
        told += [f"  {frame_id}: {reason}" for frame_id, reason in list(run.set_aside.items())[:5]]
    return told


def _cells(run: ProbeRun, key: tuple[str, str, str]) -> list[str]:
    return [_cell(run.probing.score(name, key)) for name in run.probing.scores]


def _cell(score: Score | None) -> str:
    if score is None:
        return "-"
    low, high = score.interval
    return f"{score.value:.3f}\n[dim]{low:.2f} to {high:.2f}[/]"


def _chance(probing: Probing, key: tuple[str, str, str]) -> float:
    scores = (probing.score(name, key) for name in probing.scores)
    return next((score.chance for score in scores if score is not None), 0.0)
