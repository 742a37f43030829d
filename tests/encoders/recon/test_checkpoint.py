"""Hostile and wrong checkpoint files: a clear error, and nothing in them is run."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from scanpick.encoders.recon.checkpoint import load_encoder
from scanpick.encoders.recon.config import ReConConfig
from scanpick.encoders.recon.network import ReConEncoder
from scanpick.errors import ScanpickError

SMALL = ReConConfig(width=96, depth=1)


class _Harmful:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_pickled_code_is_refused_and_not_run(tmp_path: Path) -> None:
    target = tmp_path / "made-by-the-checkpoint"
    torch.save({"base_model": _Harmful(target)}, tmp_path / "harmful.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(_Harmful(target)))
    for name in ("harmful.pt", "plain.pt"):
        with pytest.raises(ScanpickError, match=r"refused|not a readable"):
            load_encoder(tmp_path / name)
    assert not target.exists()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_truncated_file(tmp_path: Path, share: float) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"base_model": ReConEncoder(SMALL).state_dict()}, path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ScanpickError, match=r"weights\.pt"):
        load_encoder(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match="no such checkpoint"):
        load_encoder(tmp_path / "none.pt")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("norm.weight"), "missing"),
        (lambda s: s.update(surplus=torch.zeros(1)), "left over"),
        (lambda s: s.update({"norm.weight": torch.zeros(3)}), "another shape"),
        (lambda s: s.update({"module.cls_head_finetune.0.weight": torch.zeros(3)}), "fine-tuned.*cls_head_finetune"),
        (lambda s: s.update({"text_proj.weight": torch.zeros(3)}), None),
        (lambda s: s.update({"cross_modal_blocks.0.weight": torch.zeros(3)}), "two-tower"),
        (lambda s: s.clear(), "expected named tensors, plain or under 'base_model'"),
        (lambda s: s.pop("cls_token"), "not a ReCon checkpoint"),
    ],
)
def test_other_layouts_are_refused_by_name(tmp_path: Path, change: object, message: str | None) -> None:
    state = ReConEncoder(SMALL).state_dict()
    change(state)  # type: ignore[operator]
    torch.save({"base_model": state}, tmp_path / "weights.pt")
    if message is None:  # what only pre-training needs is of no use to an encoder, and does no harm
        assert load_encoder(tmp_path / "weights.pt").config == SMALL
        return
    with pytest.raises(ScanpickError, match=message):
        load_encoder(tmp_path / "weights.pt")
