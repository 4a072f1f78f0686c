"""Updates of a blend part: counts are those of a training, what was learned stays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.blend import update_blend_part, write_blend_part
from recsys_lib.blend.sources import Ease, Sequence, source_types
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from tests.support.corner_shop import LEARNED, PARAMETERS, START, arrays
from tests.support.taste_world import world

ADDITIVE = {name for name, source in source_types().items() if source.additive}


def interactions_of(pairs):
    """Of pairs (user, item) in the order of time, with the ids sorted as a load sorts them."""
    users, items = (sorted({*side}) for side in zip(*pairs, strict=True))
    rows = sorted((users.index(u), time, items.index(i)) for time, (u, i) in enumerate(pairs))
    user, time, item = (np.array(side) for side in zip(*rows, strict=True))
    ones = np.ones(len(rows), np.float32)
    ids = IdMap(users), IdMap(items)
    return Interactions(*ids, user.astype(np.int32), item.astype(np.int32), ones, START + time)


@pytest.fixture(scope="module")
def base():
    taken = world(users=12, items=12)
    return list(zip(taken.users.ids(taken.user), taken.items.ids(taken.item), strict=True))


@pytest.fixture(scope="module")
def before(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("blend") / "before"
    write_blend_part(folder, LEARNED, interactions_of(base), PARAMETERS, data_fingerprint="f")
    return folder


def update(before, base, now, folder, **options):
    items = interactions_of(base).items
    return update_blend_part(
        before, items, folder, now, PARAMETERS, data_fingerprint="now", **options
    )


@settings(max_examples=6, deadline=None)
@given(
    events=st.lists(
        st.tuples(
            st.sampled_from(["u0", "u5", "new", "0"]), st.sampled_from(["i0", "i1", "zz", "_"])
        ),
        min_size=1,
        max_size=8,
        unique=True,
    )
)
def test_counts_are_those_of_a_training(before, base, tmp_path_factory, events):
    now = interactions_of([*base, *(pair for pair in events if pair not in base)])
    folder = tmp_path_factory.mktemp("now")
    found = update(before, base, now, folder / "updated")
    write_blend_part(folder / "trained", LEARNED, now, PARAMETERS, data_fingerprint="now")
    mine, whole = arrays(folder / "updated"), arrays(folder / "trained")
    assert mine.keys() == whole.keys()
    kept = {name for name in mine if name.partition(".")[0] in found.kept}
    assert all(np.array_equal(mine[name], whole[name]) for name in mine.keys() - kept)
    assert {*found.counted} <= ADDITIVE
    assert {name.partition(".")[0] for name in kept} == {"ease"}


def test_what_is_kept_moves_with_its_items(before, base, tmp_path):
    now = interactions_of([*base, ("u0", "_first")])
    update(before, base, now, tmp_path / "now")
    old, new = (weights(arrays(folder)) for folder in (before, tmp_path / "now"))
    assert np.array_equal(new[1:, 1:], old)
    assert not new[0].any()
    assert not new[:, 0].any()


def weights(stored):
    n = len(stored["ease.indptr.npy"]) - 1
    whole = np.zeros((n, n))
    row = np.repeat(np.arange(n), np.diff(stored["ease.indptr.npy"]))
    whole[row, stored["ease.indices.npy"]] = stored["ease.data.npy"]
    return whole


def test_a_source_can_be_trained_anew(before, base, tmp_path):
    now = interactions_of(base[8:])  # without the first user
    found = update(before, base, now, tmp_path / "updated", retrained=("ease",))
    write_blend_part(tmp_path / "trained", LEARNED, now, PARAMETERS, data_fingerprint="now")
    assert (found.trained, found.kept) == (["ease"], [])
    mine, whole = arrays(tmp_path / "updated"), arrays(tmp_path / "trained")
    assert all(np.array_equal(mine[name], whole[name]) for name in whole)


def test_vectors_of_a_sequence_model_move_with_their_items():
    stored = {"items": np.array([[1.0], [2.0]]), "places": np.ones((3, 1))}
    moved = Sequence.renumbered(stored, np.array([2, -1]), 3)
    assert moved["items"].tolist() == [[0], [0], [1]]
    assert moved["places"] is stored["places"]


def test_weights_to_an_item_that_is_gone_go():
    stored = {
        "data": np.ones(2, np.float32),
        "indices": np.array([1, 0]),
        "indptr": np.array([0, 1, 2]),
    }
    moved = Ease.renumbered(stored, np.array([0, -1]), 1)
    assert moved["data"].size == 0
