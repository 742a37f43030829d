"""Plain pickers in float64 that compute everything at every step: what the fast ones must agree with."""

import numpy as np


class Oracle:
    """A picker by a function of the chosen rows: (chosen) -> (N,) gains."""

    def __init__(self, gains_of, count, allowed=None, weights=None, labelled=()):
        self._gains_of = gains_of
        self._allowed = np.ones(count, dtype=bool) if allowed is None else allowed.copy()
        self._weights = np.ones(count) if weights is None else weights
        self.chosen = [int(row) for row in labelled]

    def best(self):
        if not self._allowed.any():
            return None
        gains = self._gains_of(self.chosen) * self._weights
        index = int(np.argmax(np.where(self._allowed, gains, -np.inf)))
        return index, float(gains[index])

    def take(self, index):
        self._allowed[index] = False
        self.chosen.append(int(index))

    def take_all(self, indices):
        for index in indices:
            self.take(index)

    def forbid(self, indices):
        self._allowed[indices] = False

    def gains(self):
        return np.where(self._allowed, self._gains_of(self.chosen) * self._weights, 0.0)


def distances(X):
    X = np.asarray(X, dtype=np.float64)
    return np.sqrt(((X[:, None] - X[None]) ** 2).sum(-1))


def k_center(X, count, labelled=(), allowed=None, start="mean"):
    """(rows, gains) of farthest-first traversal."""
    D = distances(X)
    chosen, picks, gains = list(labelled), [], []
    free = np.ones(len(X), dtype=bool) if allowed is None else allowed.copy()
    free[list(labelled)] = False
    for _ in range(min(count, free.sum())):
        gain = D[:, chosen].min(axis=1) if chosen else np.full(len(X), np.inf)
        ranked = gain
        if not chosen:
            mean = np.asarray(X, dtype=np.float64).mean(axis=0)
            ranked = -np.sqrt(((X - mean) ** 2).sum(-1)) if start == "mean" else np.zeros(len(X))
        index = int(np.argmax(np.where(free, ranked, -np.inf)))
        picks.append(index)
        gains.append(gain[index])
        chosen.append(index)
        free[index] = False
    return picks, np.array(gains)
