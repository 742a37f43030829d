"""The documents are true: their commands run, and what they name is there.

A block whose info string ends in ``run`` is run, in the order of its page, in a folder of its own that holds what
`stand_ins` makes. Every other ``scanpick`` command is held against the program.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from benchmarks.commands import PAGE
from benchmarks.commands import page as page_of_commands
from scanpick.cli.app import app
from scanpick.cli.list import Kind, registry_of
from scanpick.formats.object_table import object_files
from tests.documents import BLOCK, PAGES, ROOT, Block, blocks_of, commands_of, marks_of, name_of

program = get_command(app)
assert isinstance(program, TyperGroup)
VERBS: dict[str, TyperCommand] = {
    name: verb for name, verb in program.commands.items() if isinstance(verb, TyperCommand)
}
OPTIONS = {
    name
    for verb in VERBS.values()
    for option in verb.params
    if isinstance(option, TyperOption)
    for name in (*option.opts, *option.secondary_opts)
} | {"--help", "--version"}

SHORTER = ((r"--(iterations|minutes|epochs) [\d.]+", "--iterations 2"), (r"--frames 60", "--frames 32"))
"""What a page says for real work -> what a test does."""

every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


# What the documents name is there.


def test_every_link_leads_somewhere() -> None:
    """Files, and sections of pages."""
    for page in [*PAGES, ROOT / "CHANGELOG.md"]:
        for target, section in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", BLOCK.sub("", page.read_text())):
            place = page.parent / target if target else page
            assert place.exists(), f"{name_of(page)} links to {target}"
            assert not section or section in sections_of(place), f"{name_of(page)} links to {target}#{section}"


def sections_of(page: Path) -> set[str]:
    """Headings as GitHub names them in links."""
    headings = re.findall(r"^#+ (.*)$", BLOCK.sub("", page.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_every_path_of_this_repository_exists(page: Path) -> None:
    """Paths in code marks, from the root or from the package; ``<name>`` stands for any."""
    for path in re.findall(r"`((?:[\w.<>-]+/)+(?:[\w.<>-]+\.(?:py|yaml|toml|json|ipynb|md))?)[:`]", page.read_text()):
        if path.endswith(".py") or path.split("/")[0] in ("src", "tests", "docs", "benchmarks", "examples"):
            pattern = re.sub(r"<\w+>", "*", path).rstrip("/")
            places = (ROOT, ROOT / "src", ROOT / "src" / "scanpick")
            assert any(any(place.glob(pattern)) for place in places), f"{name_of(page)} names {path}"


@every_page
def test_every_module_that_is_run_exists(page: Path) -> None:
    for module in re.findall(r"python -m ([\w.]+)", page.read_text()):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists() or module == "scanpick", module


@every_page
def test_every_option_in_code_marks_exists(page: Path) -> None:
    """Options of our commands; of what ``python -m benchmarks...`` takes, those that its source names."""
    sources = "".join(path.read_text() for path in (ROOT / "benchmarks").glob("*.py"))
    for mark in marks_of(page):
        words = mark.split()
        if words[0] == "scanpick" and len(words) > 1 and words[1].islower() and words[1].isalpha():
            assert words[1] in VERBS, f"{name_of(page)}: {mark}"
        for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", mark):
            if "tools/" in mark or f'"{option}"' in sources:  # of another project, or of a benchmark
                continue
            verb = VERBS.get(words[1] if words[0] == "scanpick" and len(words) > 1 else words[0])
            known = (
                OPTIONS if verb is None else {name for one in verb.params for name in (*one.opts, *one.secondary_opts)}
            )
            assert option in known, f"{name_of(page)} names {option} in `{mark}`"


def test_the_page_of_commands_says_what_the_program_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_of_commands(), "write it again: python -m benchmarks.commands"


# Every command is one that the program takes.

NAMED = {
    "--encoder": Kind.ENCODERS,
    "--strategy": Kind.STRATEGIES,
    "--detector": Kind.DETECTORS,
    "--as": Kind.EXPORTERS,
    "--to": Kind.EXPORTERS,
    "--score": Kind.SCORES,
    "--objective": Kind.OBJECTIVES,
}
"""Options whose values are names of a registry."""

OTHER_NAMES = {"import", "detector", "disagreement", "none"}
"""Values of these options that are not in a registry."""


@every_page
def test_every_command_is_understood(page: Path) -> None:
    for words in commands_of(page):
        told = f"{name_of(page)}: scanpick {shlex.join(words)}"
        assert words[0] in VERBS, told
        values = parsed(words, told)
        for option, kind in NAMED.items():
            names = registry_of(kind).names()
            for name in names_in(values.get(option)):
                assert name in names or name in OTHER_NAMES, f"{told}: {name} is none of {names}"
        if words[0] in ("pick", "embed"):
            check_options(values, "--encoder", Kind.ENCODERS, told)
        if words[0] in ("pick", "select"):
            check_options(values, "--strategy", Kind.STRATEGIES, told)
        if words[0] == "train":
            check_options(values, "--detector", Kind.DETECTORS, told)


def parsed(words: list[str], told: str) -> dict[str, Any]:
    """The values of a command's options by their first name, as the program takes them."""
    verb = VERBS[words[0]]
    try:
        context = verb.make_context(words[0], words[1:])
    except Exception as error:
        raise AssertionError(f"{told}: {error}") from error
    return {option.opts[0]: context.params.get(option.name or "") for option in verb.params}


def names_in(value: Any) -> Iterator[str]:
    """Names in the value of an option: ``name``, ``mine=name``, ``name^2:column=x``, several with commas."""
    for text in [value] if isinstance(value, str) else value or ():
        for one in str(text).split(":")[0].split(","):
            name = re.sub(r"\^[\d.]+$", "", one).partition("=")
            yield name[2] or name[0]


def check_options(values: dict[str, Any], option: str, kind: Kind, told: str) -> None:
    (name,) = names_in(values[option]) if values[option] else (None,)
    if name is None or name in OTHER_NAMES or ":" in values[option]:
        return
    known = registry_of(kind).options(name)
    for pair in values[f"{option}-option"] or ():
        assert pair.partition("=")[0] in known, f"{told}: {name} has no option {pair}, but {list(known)}"


# Blocks that say so are run.

RUN = [page for page in PAGES if any(block.is_run for block in blocks_of(page))]


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pages take for given: a labelled data set, recordings, lists of ids, results of a detector, a study."""
    import scanpick as sp

    folder = tmp_path_factory.mktemp("documents")
    sp.simulate(folder / "kitti", 24, seed=1, workers=1)
    dataset = sp.open_dataset(str(folder / "kitti"))
    ids = [record.frame_id for record in dataset.records]
    for number, frame_id in enumerate(ids):
        drive = folder / "recordings" / f"drive_{number // 8}"
        drive.mkdir(parents=True, exist_ok=True)
        os.link(folder / "kitti" / "training" / "velodyne_reduced" / f"{frame_id}.bin", drive / f"{number % 8:06d}.bin")
    (folder / "labelled.txt").write_text("\n".join(ids[::3]))
    (folder / "pool.txt").write_text("\n".join(frame_id for frame_id in ids if frame_id not in ids[::3]))
    (folder / "results").mkdir()
    for frame_id, path in object_files(folder / "kitti" / "training" / "label_2").items():
        found = [
            f"{line} 0.{number}"
            for number, line in enumerate(path.read_text().splitlines(), 10)
            if "DontCare" not in line
        ]
        (folder / "results" / f"{frame_id}.txt").write_text("".join(f"{line}\n" for line in found))
    study = next(block for block in blocks_of(ROOT / "docs/how-to/compare-strategies.md") if block.info == "yaml")
    (folder / "my-study.yaml").write_text(study.text)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_what_a_page_runs(page: Path, stand_ins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanpick.workspace.worker_pool.available_cores", lambda: 1)
    monkeypatch.chdir(tmp_path)
    blocks = [block for block in blocks_of(page) if block.is_run]
    for place in (*sorted(stand_ins.iterdir()), stand_ins / "kitti"):
        target = tmp_path / ("path/to/kitti" if (tmp_path / place.name).exists() else place.name)
        if place.is_dir() and not any(f"simulate {place.name} " in block.text for block in blocks):
            shutil.copytree(place, target, copy_function=os.link)
        elif place.is_file():
            shutil.copyfile(place, target)
    names: dict[str, Any] = {}
    for block in blocks:
        if block.is_python:
            exec(compile(block.text, name_of(page), "exec"), names)
        else:
            run_shell(block, tmp_path)


def run_shell(block: Block, folder: Path) -> None:
    """Run a block: plain commands of ours in this process, all else with bash."""
    for line in block.lines():
        for said, done in SHORTER:
            line = re.sub(said, done, line)
        command, _, otherwise = line.partition(" || true")
        words = shlex.split(command, comments=True)
        if words[0] == "scanpick":
            status = app(words[1:], standalone_mode=False)
            assert otherwise or not status, line
        else:
            environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
            subprocess.run(["bash", "-euo", "pipefail", "-c", line], cwd=folder, env=environment, check=True)


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path) -> None:
    notebook = json.loads((ROOT / "examples" / "pick.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    ran = subprocess.run([sys.executable, "-"], input="\n".join(cells), cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert len((tmp_path / "picks" / "frames.txt").read_text().split()) == 6
