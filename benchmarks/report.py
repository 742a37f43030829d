"""Results as tables: for the terminal, and for docs/results/benchmarks.md between two marks."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from scanpick.files import write_text

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"

Record = dict[str, Any]

OBJECTIVE = {"k_center": "shortfall", "facility_location": "mean_cosine", "herding": "mean_kernel"}

TITLES = {
    "k_center": "Diversity (k-center)",
    "probcover": "ProbCover",
    "facility_location": "Facility location",
    "herding": "Herding",
    "typiclust": "k-means, of which TypiClust consists",
    "typicality": "Typicality",
}


def print_case(table: Record, console: Console) -> None:
    """One setting in the terminal."""
    threads = "1 thread" if table["threads"] == 1 else f"{table['threads']} threads"
    shown = Table(title=f"{table['name']}, {threads}", title_justify="left")
    header, *rows = cells(table)
    for name in header:
        shown.add_column(name, justify="left" if name == header[0] else "right")
    for row in rows:
        shown.add_row(*row)
    console.print(shown)


def cells(table: Record) -> list[list[str]]:
    """A header and one row per contestant; columns in which there is nothing are left out."""
    header = ["", "CPU s", "peer / ours", "wall s", "memory MB", *quality_names(table), "same picks"]
    if table["task"] == "typicality":
        header[-1] = "largest difference"
    rows = [[line["contestant"], *line_cells(line, table, header)] for line in table["lines"]]
    used = [column for column in range(len(header)) if any(row[column] for row in rows)]
    return [[row[column] for column in used] for row in [header, *rows]]


def quality_names(table: Record) -> list[str]:
    if table["task"] == "typiclust":
        return ["inertia"]
    objective = [OBJECTIVE[table["task"]]] if table["task"] in OBJECTIVE else []
    return [name.replace("_", " ") for name in [*objective, "cover_radius", "smallest_gap", "coverage"]]


def line_cells(line: Record, table: Record, header: list[str]) -> list[str]:
    if "cpu_s" not in line:
        why = "not available: " + line["missing"] if "missing" in line else "failed: " + line["error"]
        return [why] + [""] * (len(header) - 2)
    ours = table["lines"][0]
    estimate = "~" if line["share"] < 1 else ""
    ratio = f"{estimate}{line['cpu_s'] / ours['cpu_s']:.1f}x" if line is not ours and "cpu_s" in ours else ""
    memory = "" if estimate else f"{line['peak_bytes'] / 1e6:.0f}"
    found = [
        number(line["quality"][name], 5 if name.startswith("mean") else 3)
        if (name := title.replace(" ", "_")) in line["quality"]
        else ""
        for title in header[5:-1]
    ]
    times = [estimate + number(line["cpu_s"]), ratio, estimate + number(line["wall_s"])]
    return [*times, memory, *found, agreed(line, table)]


def agreed(line: Record, table: Record) -> str:
    agreement = line.get("agreement", {})
    if "same_places" in agreement:
        return f"{agreement['same_places']} of {table['count']}"
    if "largest_relative_difference" in agreement:
        return f"{agreement['largest_relative_difference']:.0e}"
    return ""


def number(value: float, places: int = 3) -> str:
    """Three digits that count, or so many places, and no exponent where they fit into four."""
    if abs(value) >= 10:
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}"
    if 0 < abs(value) < 0.001:
        return f"{value:.0e}"
    return f"{value:.4f}" if abs(value) < 0.1 else f"{value:.{places}f}"


def write_report(results: Record, path: Path) -> None:
    """Replace what is between the marks."""
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    write_text(path, before + BEGIN + "\n" + "\n".join(markdown(results)) + "\n" + END + after)


def picture_name(task: str) -> str:
    return f"benchmark-{task.replace('_', '-')}.svg"


def markdown(results: Record) -> list[str]:
    machine, limits = results["machine"], results["limits"]
    packages = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    lines = [
        "",
        f"Measured on {machine['date']}: {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['system']}, Python {machine['python']}; {packages}.",
        "",
        f"The limits: one core does {limits['multiply_adds_per_s'] / 1e9:.0f}e9 float32 multiply-adds per second in "
        f"matrix products, and reads {limits['bytes_per_s'] / 1e9:.0f} GB per second from memory.",
    ]
    lines += ["", *summary(results["tables"])]
    for task in sorted({table["task"] for table in results["tables"]}, key=list(TITLES).index):
        lines += ["", f"### {TITLES[task]}", *other_days(results, task)]
        if any(line["task"] == task for line in results["series"]):
            lines += ["", f"![{TITLES[task]}: cost against rows and picks](../images/{picture_name(task)})"]
        for table in (table for table in results["tables"] if table["task"] == task):
            lines += ["", *markdown_table(table)]
        lines += two_thread_gains([table for table in results["tables"] if table["task"] == task])
    return lines


def other_days(results: Record, task: str) -> list[str]:
    """When a task was not measured with the newest one."""
    days = sorted({table.get("date", "") for table in results["tables"] if table["task"] == task} - {""})
    return ["", f"Measured on {', '.join(days)}."] if days and days != [results["machine"]["date"]] else []


def summary(tables: list[Record]) -> list[str]:
    """One row per setting on one thread: ours, and how many times as long each peer takes."""
    rows = ["| setting, one thread | scanpick, CPU s | peers, times as long | memory beyond the data |"]
    rows.append("| --- | ---: | --- | ---: |")
    for table in tables:
        ours, *peers = table["lines"]
        if table["threads"] != 1 or "cpu_s" not in ours:
            continue
        times = [f"{line['contestant']} {line_cells(line, table, ['', ''])[1]}" for line in peers if "cpu_s" in line]
        memory = 100 * ours["peak_bytes"] / (4 * table["rows"] * table["dimensions"])
        setting = f"{TITLES[table['task']]}, {table['rows']:,} → {table['count']:,}, {table['kind']}"
        rows.append(f"| {setting} | {number(ours['cpu_s'])} | {', '.join(times)} | {memory:.0f}% |")
    return rows


def markdown_table(table: Record) -> list[str]:
    header, *rows = cells(table)
    header[0] = f"{table['rows']:,} → {table['count']:,}, {table['kind']}, threads: {table['threads']}"
    ours = [f"**{cell}**" if cell else "" for cell in rows[0]]
    body = ["| " + " | ".join(row) + " |" for row in [header, ["---", *["---:"] * (len(header) - 1)], ours, *rows[1:]]]
    data_mb = table["rows"] * table["dimensions"] * 4 / 1e6
    return [*body, "", f"The data takes {data_mb:.0f} MB; ball radius for coverage: {table['options']['delta']:.3f}."]


def two_thread_gains(tables: list[Record]) -> list[str]:
    """Wall time of one thread over that of more, of ours."""
    gains = []
    for table in tables:
        one = next((one for one in tables if one["name"] == table["name"] and one["threads"] == 1), table)
        if one is not table and "wall_s" in one["lines"][0] and "wall_s" in table["lines"][0]:
            gain = one["lines"][0]["wall_s"] / table["lines"][0]["wall_s"]
            gains.append(f"{table['rows']:,} → {table['count']:,}: {gain:.2f}x with {table['threads']} threads")
    return ["", "scanpick's wall time, one thread over several: " + "; ".join(gains) + "."] if gains else []
