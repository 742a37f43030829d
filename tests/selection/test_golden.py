"""ProbCover and TypiClust pick what the reference code picks, on whatever cases the reference folder holds."""

import numpy as np
import pytest

from scanpick.selection import Pool, select

pytestmark = pytest.mark.golden


def cases(arrays):
    return sorted({name.split("/")[0] for name in arrays.files})


def pool_of(features, labelled, unlabelled, **metadata):
    """The frames in the order in which the reference looks at them, labelled ones first; and the row of each frame.

    Ties go to the first in this order, so ids are numbered by it.
    """
    rows = np.concatenate([labelled, unlabelled]).astype(int)
    ids = tuple(f"{place:07d}" for place in range(len(rows)))
    is_labelled = np.arange(len(rows)) < len(labelled)
    columns = {name: column[rows] for name, column in metadata.items()}
    return Pool(ids, {"features": features[rows]}, is_labelled, metadata=columns), rows


def test_probcover(golden):
    with np.load(golden / "selection" / "probcover.npz") as arrays:
        assert cases(arrays)
        for case in cases(arrays):
            read = {name: arrays[f"{case}/{name}"] for name in ("features", "lSet", "uSet", "delta", "budget")}
            pool, row_of = pool_of(read["features"], read["lSet"], read["uSet"])
            options = {"delta": float(read["delta"])}
            found = select(pool, "probcover", int(read["budget"]), options=options, at_most=True)
            rows = [int(row_of[int(frame_id)]) for frame_id in found.frame_ids]
            expected = arrays[f"{case}/selected_no_truncation"].tolist()
            # Once all is covered the reference repeats its first frame; up to there the picks must be the same.
            steps = found.summary["delta"]
            new = steps[1]["rank"] - 1 if len(steps) > 1 else len(expected)
            assert rows[:new] == expected[:new], case
            if new < len(expected):
                chosen = read["features"][[*read["lSet"], *rows[:new]]].astype(float)
                seen = read["features"][[*read["lSet"], *read["uSet"]]].astype(float)
                assert all((np.linalg.norm(chosen - point, axis=1) < read["delta"]).any() for point in seen), case
                assert any("covered" in note for note in found.summary["notes"]), case
            assert len(set(rows)) == len(rows) == min(int(read["budget"]), len(read["uSet"])), case
            if arrays[f"{case}/selected"].tolist() == expected:  # what the coverage was computed of
                coverage = arrays[f"{case}/coverage_float64"]
                gained = found.gains[:new] / len(pool)
                np.testing.assert_allclose(gained, np.diff(coverage)[:new], atol=1e-9, err_msg=case)


def test_typiclust(golden):
    folder = golden / "selection"
    with np.load(folder / "typiclust.npz") as arrays, np.load(folder / "probcover.npz") as others:
        assert cases(arrays)
        for case in cases(arrays):
            features = others[f"{arrays[f'{case}/features_from_probcover_case']}/features"]
            clusters = arrays[f"{case}/clusters"]
            labelled, unlabelled = arrays[f"{case}/lSet"], arrays[f"{case}/uSet"]
            pool, row_of = pool_of(features, labelled, unlabelled, cluster=clusters)
            budget = int(arrays[f"{case}/budget"])
            found = select(pool, "typiclust", budget, options={"cluster_column": "cluster"})
            rows = [int(row_of[int(frame_id)]) for frame_id in found.frame_ids]
            gaps = arrays[f"{case}/relative_typicality_gap"]
            assert len(set(rows)) == budget, case
            tied = set()  # clusters in which a tie went another way: later picks there may differ
            for rank, expected in enumerate(arrays[f"{case}/selected"]):
                assert clusters[rows[rank]] == clusters[expected], (case, rank)
                if clusters[expected] in tied:
                    continue
                if rows[rank] != expected:
                    assert gaps[rank] < 1e-5, (case, rank)
                    tied.add(clusters[expected])
