"""How alike the lists of two versions are."""

import shutil

import numpy as np
import pytest

from recsys_lib.loop.familiarity import unknown_to
from recsys_lib.loop.verdict import of_overlap
from recsys_lib.loop.version_overlap import USERS, Overlap, shares, version_overlap
from recsys_lib.parameters import MonitorParameters


def lists(*texts):
    return np.array([list(text.ljust(4)) for text in texts], dtype=object)


def test_shares_at_each_depth():
    found = shares(lists("abcd", "abcd", "abcd"), lists("abcd", "dcba", "wxyz"))
    np.testing.assert_allclose(found[0], 1)
    np.testing.assert_allclose(found[1], [0, 0, 2 / 3, 1])
    np.testing.assert_allclose(found[2], 0)
    short = np.array([["a", "", ""]], dtype=object)
    np.testing.assert_allclose(shares(short, short), [[1, 1 / 2, 1 / 3]])


def test_a_version_beside_itself_and_beside_one_with_other_items(evaluated, tmp_path):
    folder = evaluated.dataset.version(evaluated.version)
    same = version_overlap(folder, folder, seed=1)
    assert same == Overlap(min(USERS, len(evaluated.als.users)), 1.0, pytest.approx(1.0), 0.0)
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    factors = np.load(other / "als" / "item_factors.npy")
    np.save(other / "als" / "item_factors.npy", factors[::-1].copy())
    found = version_overlap(folder, other, seed=1)
    assert 0 < found.overlap < 1
    assert 0 < found.rank_biased < 1


def test_versions_that_cannot_be_compared(evaluated, shop, tmp_path):
    folder = evaluated.dataset.version(evaluated.version)
    assert version_overlap(folder, shop.version("v1"), seed=1) is None
    assert version_overlap(folder, tmp_path / "removed", seed=1) is None


def test_a_version_of_an_earlier_release_does_not_stop_the_monitor(
    evaluated, shop_interactions, tmp_path
):
    """It is the one that is served while the first run of a new release looks at the data."""
    folder, earlier = evaluated.dataset.version(evaluated.version), tmp_path / "earlier"
    newest = np.ones(len(shop_interactions), dtype=bool)
    shutil.copytree(folder, earlier)
    found = unknown_to(earlier, shop_interactions, newest)
    assert (found.new_users, found.new_items) == (0, 0)
    for path in (earlier / "als").glob("user_ids.*"):
        path.unlink()
    assert unknown_to(earlier, shop_interactions, newest) is None
    assert version_overlap(folder, earlier, seed=1) is None


def test_lists_that_share_little_are_to_be_looked_at():
    parameters = MonitorParameters(min_overlap=0.3)
    (few,) = of_overlap(Overlap(200, 0.25, 0.2, 0.1), parameters)
    (many,) = of_overlap(Overlap(200, 0.35, 0.2, 0.1), parameters)
    assert (few.verdict, many.verdict) == ("look at this", "fine")
    assert "share 25% of their items" in few.sentence
    assert "monitor.min_overlap is 0.3" in few.remedy
