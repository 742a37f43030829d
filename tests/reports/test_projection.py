"""Maps are right, the same every time, and made once."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from threadpoolctl import threadpool_limits

from scanpick.reports import page, projection
from scanpick.reports.projection import neighbour_map, principal_map


@pytest.mark.parametrize("shape", [(40, 6), (300, 30), (12, 50), (3000, 4)])
def test_pca_equals_scikit_learn(shape):
    values = (np.random.default_rng(0).normal(size=shape) * np.linspace(3, 1, shape[1]) + 7).astype(np.float32)
    ours, theirs = principal_map(values), PCA(2, svd_solver="full").fit(values.astype(np.float64))
    positions = theirs.transform(values.astype(np.float64))
    positions *= np.sign((positions * ours.positions).sum(axis=0))
    np.testing.assert_allclose(ours.positions, positions, atol=1e-6)
    np.testing.assert_allclose(ours.explained, theirs.explained_variance_ratio_, atol=1e-9)


def test_pca_of_little_or_nothing():
    for values in (np.ones((1, 5)), np.full((9, 3), 0.1), np.ones((1, 1)), np.zeros((4, 1))):
        result = principal_map(values.astype(np.float32))
        assert result.positions.shape == (len(values), 2)
        assert (result.positions == 0).all()
        assert (result.explained == 0).all()
    line = principal_map(np.outer(np.arange(5), [1.0, 2.0, 2.0]).astype(np.float32))
    np.testing.assert_allclose(line.positions, np.column_stack([3 * (np.arange(5) - 2.0), np.zeros(5)]), atol=1e-6)
    assert line.explained == pytest.approx([1, 0])
    assert principal_map(np.arange(4, dtype=np.float32)[:, None]).explained == pytest.approx([1, 0])


def test_pca_has_the_same_bits_on_one_thread_and_two():
    values = np.random.default_rng(1).normal(size=(2000, 200)).astype(np.float32)
    results = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            results.append(principal_map(values).positions)
    assert np.array_equal(*results)


@pytest.fixture(scope="module")
def clusters():
    rng = np.random.default_rng(3)
    return (rng.normal(size=(5, 20)).repeat(30, axis=0) * 4 + rng.normal(size=(150, 20))).astype(np.float32)


def test_umap_keeps_neighbours_together_and_is_made_once(clusters, tmp_path, monkeypatch):
    start = principal_map(clusters).positions
    first = neighbour_map(clusters, start, tmp_path)
    assert trustworthiness(clusters, first) > 0.9
    (path,) = tmp_path.iterdir()
    made = []
    original = projection._umap
    monkeypatch.setattr(projection, "_umap", lambda *arrays: made.append(1) or original(*arrays))
    assert np.array_equal(neighbour_map(clusters, start, tmp_path), first)
    assert made == []
    path.write_bytes(path.read_bytes()[:100])  # a damaged file is made again, and comes out the same
    assert np.array_equal(neighbour_map(clusters, start, tmp_path), first)
    assert made == [1]
    neighbour_map(clusters + 1, start, tmp_path)  # other vectors, another map
    assert made == [1, 1]


def test_umap_of_duplicates_and_few_frames(tmp_path):
    values = np.random.default_rng(4).normal(size=(6, 3)).astype(np.float32)
    for rows in ([0, 1, 2, 3], [0, 0, 0, 0, 1, 2], list(range(6)) * 5):
        chosen = values[rows]
        result = neighbour_map(chosen, principal_map(chosen).positions, tmp_path)
        assert np.isfinite(result).all()
        assert result.shape == (len(rows), 2)


def test_umap_of_nothing_to_draw(tmp_path):
    for values in (np.ones((1, 4)), np.ones((20, 4)), np.outer(np.arange(20), np.ones(4)), np.eye(3)):
        values = values.astype(np.float32)
        assert neighbour_map(values, principal_map(values).positions, tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path, quick_umap):
    (tmp_path / "cache").write_text("a file where the folder would be")
    values = np.random.default_rng(6).normal(size=(8, 3)).astype(np.float32)
    start = principal_map(values).positions
    assert np.isfinite(neighbour_map(values, start, tmp_path / "cache")).all()


def test_without_umap_the_plain_map_serves(tmp_path, monkeypatch):
    monkeypatch.setattr(projection, "umap_is_installed", lambda: False)
    values = np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32)
    assert neighbour_map(values, principal_map(values).positions, tmp_path) is None


def test_a_report_without_umap_says_what_to_install(monkeypatch):
    drawn = {"explained": [0.5, 0.25], "maps": {"PCA": []}}
    monkeypatch.setattr(page, "umap_is_installed", lambda: True)
    assert "pip install" not in page._map_about(drawn)["PCA"]
    monkeypatch.setattr(page, "umap_is_installed", lambda: False)
    assert page._map_about(drawn)["PCA"].endswith("pip install 'scanpick[umap]'.")
