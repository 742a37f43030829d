"""Predictions and labels have their place in a pool: the verbs write them there, and find them there."""

from pathlib import Path

import pytest

import scanpick as sp
from scanpick.errors import ScanpickError
from scanpick.formats.predictions import read_predictions, read_predictions_meta
from scanpick.workspace.labels import read_label_table

pytestmark = pytest.mark.slow

TINY = {"channels": [8, 8, 8], "blocks": [1, 1, 1], "point_channels": 8, "head_channels": 8}


def test_a_pool_keeps_labels_and_predictions(tmp_path: Path) -> None:
    pool = sp.index("simulated:demo", tmp_path / "pool", options={"frames": 8}, workers=1)
    ids = list(pool.frames().frame_ids)
    training = sp.train(pool, ids[:2], tmp_path / "det", iterations=2, detector_options=TINY, evaluate_frames=ids[2:4])
    # The same as from the data set itself
    data = sp.open_dataset("simulated:demo", frames=8)
    other = sp.train(data, ids[:2], tmp_path / "other", iterations=2, detector_options=TINY, evaluate_frames=ids[2:4])
    assert (tmp_path / "det" / "weights.pt").read_bytes() == (tmp_path / "other" / "weights.pt").read_bytes()
    assert training.evaluation is not None
    assert other.evaluation is not None
    assert training.facts["3d_moderate_R40"] == other.facts["3d_moderate_R40"]
    assert list(read_label_table(pool.labels_path).labels) == ids[:4]

    with pytest.raises(ScanpickError, match="has no predictions yet"):
        sp.score(pool)
    found = sp.predict(pool, training.folder)
    assert found.file == pool.path / "predictions" / "pillar-nano.parquet"
    assert list(found) == ids, "every frame that can be used"
    meta = read_predictions_meta(found.file)
    assert meta["detector"] == "pillar-nano"
    assert meta["data_sha256"] == pool.frames().data_sha256
    assert {"weights_sha256", "prediction", "set_aside"} <= set(meta)
    sp.predict(pool, training.folder, frames=ids[4:], name="second")
    assert pool.prediction_names() == ["pillar-nano", "second"]
    assert "predictions ['pillar-nano', 'second']" in repr(pool)
    with pytest.raises(ScanpickError, match=r"has 2 predictions: pillar-nano, second\. Name one"):
        sp.score(pool.path)
    scores = sp.score(pool.predictions_path("second"))
    assert set(scores.frame_ids) == set(read_predictions(pool.predictions_path("second"))) == set(ids[4:])

    # Found by name
    assert len(sp.select(pool, "random", "0 objects", predictions="pillar-nano", at_most=True)) == 0
    sp.select(pool, "random", 2)
    with pytest.raises(ScanpickError, match=r"Unknown predictions 'thrid'"):
        sp.select(pool, "random", "1 objects", predictions="thrid", at_most=True)
    pool.predictions_path("second").unlink()
    page = sp.report(pool).read_text()
    assert "with a score of 0.3 or more" in page
    by_name = sp.evaluate(pool, "pillar-nano", classes=["Car"], bootstrap=0).to_dict()
    assert by_name == sp.evaluate(data, found.file, classes=["Car"], bootstrap=0).to_dict()
    assert list(read_label_table(pool.labels_path).labels) == ids


def test_what_belongs_to_a_pool_alone(tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match=r"`name=\.\.\.` is for predictions in a pool"):
        sp.predict("simulated:demo", tmp_path, name="mine")
    pool = sp.index("simulated:demo", tmp_path / "pool", options={"frames": 4}, workers=1)
    with pytest.raises(ScanpickError, match=r"leave `options=\.\.\.` out"):
        sp.predict(pool.path, tmp_path, options={"frames": 4})
