"""The picture of probe scores: one mark an embedding and panel, the same file on every run."""

import numpy as np

from scanpick.evaluation.probes import Probing, Score
from scanpick.reports.probes import SUMMARY, shown_columns, write_probe_figure


def _probing(keys):
    rng = np.random.default_rng(0)
    scores = {
        name: [Score(*key, float(rng.random()), rng.random(50), 0.1, 20) for key in keys] for name in ("one", "two")
    }
    return Probing(scores, {}, [], {}, [], np.zeros(20, dtype=np.int64))


def test_only_what_was_measured_is_shown():
    keys = [SUMMARY[0].key, SUMMARY[4].key]
    assert [column.key for column in shown_columns(_probing(keys))] == keys


def test_the_picture_names_embeddings_and_scores(tmp_path):
    probing = _probing([column.key for column in SUMMARY])
    files = write_probe_figure(probing, tmp_path / "probes", "some frames")
    assert [path.name for path in files] == ["probes.png", "probes.svg"]
    text = files[1].read_text()
    for expected in ("one", "two", "some frames", *(column.title.split(",")[0] for column in SUMMARY)):
        assert expected in text
    first = [path.read_bytes() for path in files]
    assert [path.read_bytes() for path in write_probe_figure(probing, tmp_path / "probes", "some frames")] == first


def test_an_embedding_without_a_score_leaves_a_gap(tmp_path):
    probing = _probing([SUMMARY[0].key])
    probing.scores["two"].clear()
    assert len(write_probe_figure(probing, tmp_path / "probes", "t")) == 2
