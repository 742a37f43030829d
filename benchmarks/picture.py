"""Cost against the number of rows and of picks, on log axes, with what the machine allows at best."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.cases import DIMENSIONS
from benchmarks.report import TITLES, picture_name

Record = dict[str, Any]

COLOURS = {"scanpick": "#0b6e4f", "grey": "#8a8a8a"}
PEERS = ("#d1495b", "#edae49", "#5b6c9e")
AXES = {"N": ("rows", "rows N"), "k": ("count", "picks k")}


def draw(results: Record, folder: Path) -> list[Path]:
    """One picture per task with a series: benchmark-TASK.svg."""
    mpl.use("agg")
    mpl.rcParams.update({"font.size": 9, "svg.hashsalt": "scanpick", "svg.fonttype": "none"})
    folder.mkdir(parents=True, exist_ok=True)
    tasks = dict.fromkeys(line["task"] for line in results["series"])
    return [draw_task(task, results, folder / picture_name(task)) for task in tasks]


def draw_task(task: str, results: Record, path: Path) -> Path:
    from matplotlib import pyplot

    lines = [line for line in results["series"] if line["task"] == task and line["points"]]
    panels = list(dict.fromkeys(line["against"] for line in lines))
    figure, axes = pyplot.subplots(1, len(panels), figsize=(4.6 * len(panels), 3.6), squeeze=False, sharey=True)
    for axis, against in zip(axes[0], panels, strict=True):
        draw_panel(axis, [line for line in lines if line["against"] == against], against, results["limits"])
    axes[0, 0].set_ylabel("seconds of processor time")
    figure.suptitle(TITLES[task], x=0.01, ha="left", fontweight="bold")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=3, frameon=False)
    figure.subplots_adjust(top=0.88, bottom=0.3, left=0.09 if len(panels) == 2 else 0.16, right=0.98, wspace=0.08)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return path


def draw_panel(axis: Any, lines: list[Record], against: str, limits: Record) -> None:
    key, label = AXES[against]
    peers = iter(PEERS)
    for line in lines:
        ours = line["contestant"] == "scanpick"
        colour = COLOURS["scanpick"] if ours else next(peers)
        x, y = [point[key] for point in line["points"]], [point["cpu_s"] for point in line["points"]]
        axis.loglog(x, y, "o-", color=colour, label=line["contestant"], lw=2.2 if ours else 1.4, ms=4, zorder=3)
    longest = max((line["points"] for line in lines), key=len)
    limits_here = limit_lines(lines[0]["task"], longest, limits)
    for style, (name, seconds) in zip(("--", ":"), limits_here.items(), strict=False):
        axis.loglog([point[key] for point in longest], seconds, style, color=COLOURS["grey"], label=name, zorder=2)
    fixed = "count" if key == "rows" else "rows"
    axis.set_xlabel(f"{label}, {'k' if fixed == 'count' else 'N'} = {longest[0][fixed]:,}")
    ticks = [point[key] for point in longest]
    axis.set_xticks(ticks, [f"{tick // 1000}k" if tick >= 1000 else str(tick) for tick in ticks])
    axis.set_xticks([], minor=True)
    axis.grid(visible=True, which="major", color="#e6e6e6", lw=0.8)
    axis.spines[["top", "right"]].set_visible(False)


def limit_lines(task: str, points: list[Record], limits: Record) -> dict[str, list[float]]:
    """Seconds at each point for what a plain algorithm must do at least, at the full speed of one core."""
    by_pick = task in ("k_center", "typiclust")
    pairs = [point["rows"] * (point["count"] if by_pick else point["rows"] / 2) for point in points]
    what = "all rows with all " + ("centres" if task == "typiclust" else "picks") if by_pick else "all pairs of rows"
    products = [n * DIMENSIONS / limits["multiply_adds_per_s"] for n in pairs]
    if task in ("typicality", "typiclust"):
        return {f"limit: multiply {what} once": products}
    size = 4 * (DIMENSIONS if task == "k_center" else 1)
    times = [point["count"] if by_pick else point["rows"] for point in points]
    passes = [size * point["rows"] * n / limits["bytes_per_s"] for point, n in zip(points, times, strict=True)]
    read = "limit: read all rows once per pick" if by_pick else "limit: read all similarities once"
    return {f"limit: multiply {what} once": products, read: passes}
