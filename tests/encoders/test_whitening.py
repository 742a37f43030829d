"""Whitened vectors have no scale and no correlation; scikit-learn's PCA is the oracle."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from scanpick.encoders.whitening import Keep, fit_whitening, unit_length
from scanpick.errors import ScanpickError
from scanpick.geometry import vectors


def table(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """Correlated columns of different scale, far from the origin."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(rows, columns)) @ rng.normal(size=(columns, columns))
    return (mixed * np.geomspace(1, 100, columns) + 30).astype(np.float32)


@pytest.mark.parametrize(("rows", "columns"), [(500, 20), (12, 40), (30, 30)])
@pytest.mark.parametrize("count", [1, 7])
def test_equals_scikit_learn(rows: int, columns: int, count: int) -> None:
    """Up to the sign of a direction, and its variance with N - 1 instead of N."""
    values = table(rows, columns)
    mine = fit_whitening(values, Keep(number=count))
    theirs = PCA(count, whiten=True, svd_solver="full").fit(values.astype(np.float64))
    expected = theirs.transform(values.astype(np.float64)) * np.sqrt(rows / (rows - 1))
    found = mine.of(values)
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, atol=2e-3)
    assert mine.explained == pytest.approx(theirs.explained_variance_ratio_.sum(), rel=1e-5)


def test_covariance_is_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """In blocks of rows, too."""
    monkeypatch.setattr(vectors, "BLOCK_ROWS", 64)
    values = table(1000, 15)
    white = fit_whitening(values, Keep()).of(values).astype(np.float64)
    np.testing.assert_allclose(white.T @ white / len(white), np.eye(15), atol=1e-3)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize("rows", [40, 400])
def test_constant_and_doubled_columns_are_left_out(rows: int) -> None:
    values = table(rows, 5)
    wide = np.hstack([values, np.full((rows, 3), 0.1, np.float32), values[:, :2], np.zeros((rows, 60), np.float32)])
    fitted = fit_whitening(wide, Keep())
    assert fitted.matrix.shape == (70, 5)
    white = fitted.of(wide)
    assert np.isfinite(white).all()
    np.testing.assert_allclose((white.astype(float) ** 2).mean(axis=0), 1, rtol=1e-3)
    with pytest.raises(ScanpickError, match=r"differ in 5 directions, got `whiten=6`"):
        fit_whitening(wide, Keep(number=6))


def test_fewer_vectors_than_numbers() -> None:
    """N vectors differ in N - 1 directions."""
    assert fit_whitening(table(10, 50), Keep()).matrix.shape == (50, 9)
    assert fit_whitening(table(2, 50), Keep()).matrix.shape == (50, 1)
    for rows in (1, 3):
        with pytest.raises(ScanpickError, match="all the same"):
            fit_whitening(np.ones((rows, 4), np.float32), Keep())


def test_a_share_of_the_variance() -> None:
    values = np.diag([3.0, 2.0, 1.0]).astype(np.float32)[np.repeat([0, 1, 2], 2)] * np.tile([1, -1], 3)[:, None]
    shares = {"50%": 1, "64%": 1, "65%": 2, "92%": 2, "93%": 3, "100%": 3, "all": 3}  # 9, 4 and 1 of 14
    for text, count in shares.items():
        assert fit_whitening(values, Keep.parse(text)).matrix.shape[1] == count, text


def test_same_bits_on_one_thread_or_two() -> None:
    values = table(3000, 200)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            fitted = fit_whitening(values, Keep(number=64))
            found.append((fitted.matrix, fitted.of(values)))
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_unit_length() -> None:
    rows = np.array([[3, 4], [0, 0], [1e-20, 0], [1e30, 1e30]], np.float32)
    np.testing.assert_allclose(unit_length(rows), [[0.6, 0.8], [0, 0], [1, 0], [0.5**0.5, 0.5**0.5]], rtol=1e-6)


@pytest.mark.parametrize("text", ["0", "-3", "0%", "101%", "half", "", "6.5", "nan%"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ScanpickError, match=r"`whiten=.*`: expected"):
        Keep.parse(text)
