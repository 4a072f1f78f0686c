"""ALS on a world with one right answer: even users like even items, odd users odd ones."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from implicit.cpu.als import AlternatingLeastSquares

from recsys_lib.als import AlsModel, train_als, write_als_part
from recsys_lib.als.inspection import similar_examples, training_curve
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ArtifactError, ParameterError
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters

SIZE = 40
PARAMETERS = AlsParameters(factors=8, iterations=20, num_threads=1)


def checker_board():
    """User u likes every item of its own parity except item u, the one right answer."""
    users, items = np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij")
    liked = ((users + items) % 2 == 0) & (users != items)
    user, item = (a.astype(np.int32) for a in np.nonzero(liked))
    names = [f"{n:02d}" for n in range(SIZE)]
    ones = np.ones(len(user), dtype=np.float32)
    return Interactions(IdMap(names), IdMap(names), user, item, ones, np.arange(len(user)))


def only(users, items):
    """Interactions with nothing but users and items."""
    user, item = np.array(users, dtype=np.int32), np.array(items, dtype=np.int32)
    ones, times = np.ones(len(user), dtype=np.float32), np.arange(len(user))
    names = [IdMap([f"{n:02d}" for n in range(max(a) + 1)]) for a in (user, item)]
    return Interactions(*names, user, item, ones, times)


WORLD = checker_board()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("version") / "als"
    names = WORLD.items.ids()
    display = pl.DataFrame({"id": names, "title": names, "image_url": [None] * SIZE})
    trained = train_als(WORLD, PARAMETERS)
    write_als_part(folder, trained, WORLD, display, parameters=PARAMETERS, data_fingerprint="f")
    return AlsModel.load(folder)


def test_the_only_item_of_a_shop_has_no_similar_ones(tmp_path):
    single, parameters = only([0, 1], [0, 0]), AlsParameters(factors=1, iterations=1)
    display = pl.DataFrame({"id": ["00"], "title": ["Mug"], "image_url": [None]})
    trained = train_als(single, parameters)
    write_als_part(
        tmp_path / "als", trained, single, display, parameters=parameters, data_fingerprint="f"
    )
    assert similar_examples(AlsModel.load(tmp_path / "als"), 4, 5).is_empty()


def test_similar_items_name_the_item_once(model):
    table = similar_examples(model, 2, 3)
    assert [bool(name) for name in table["item"]] == [True, False, False] * 2
    assert table["rank"].to_list() == [1, 2, 3] * 2


def test_the_held_out_item_comes_first(model):
    for row in range(SIZE):
        rows, _ = model.recommend(row, 1)
        assert rows.tolist() == [row]


def test_seen_items_do_not_come_back_and_nothing_is_padded(model):
    rows, scores = model.recommend(0, SIZE)
    assert not set(rows) & set(WORLD.item[WORLD.user == 0])
    assert len(rows) == SIZE - (WORLD.user == 0).sum()
    assert (np.abs(scores) < 10).all()
    assert len(model.recommend(0, 10 * SIZE, "allow")[0]) == SIZE


def test_similar_items_have_the_same_parity_and_exclude_the_item(model):
    rows, scores = model.similar(3, 10)
    assert len(rows) == 10
    assert all(row % 2 == 1 for row in rows)
    assert 3 not in rows
    assert (np.diff(scores) <= 1e-6).all()


def test_strangers_are_folded_in(model):
    rows, _ = model.recommend_for_rows(np.array([1, 5, 9]), 10)
    assert all(row % 2 == 1 for row in rows)
    assert not {1, 5, 9} & set(rows)


def test_factors_equal_those_of_the_library():
    ours = train_als(WORLD, AlsParameters(factors=8, iterations=3, tolerance=0, momentum=False))
    theirs = AlternatingLeastSquares(
        factors=8, regularization=1.0, alpha=10.0, iterations=3, random_state=42, use_cg=False
    )
    theirs.fit(WORLD.user_items(), show_progress=False)
    np.testing.assert_allclose(ours.user_factors, theirs.user_factors, atol=1e-3)
    np.testing.assert_allclose(ours.item_factors, theirs.item_factors, atol=1e-3)


def test_the_same_seed_gives_the_same_factors():
    one, two = (train_als(WORLD, PARAMETERS) for _ in range(2))
    np.testing.assert_array_equal(one.item_factors, two.item_factors)
    other = train_als(WORLD, PARAMETERS.model_copy(update={"seed": 7}))
    assert not np.array_equal(one.item_factors, other.item_factors)


def test_training_stops_when_the_loss_settles():
    seen = []
    trained = train_als(WORLD, PARAMETERS.model_copy(update={"tolerance": 0.05}), seen.append)
    assert trained.converged
    assert seen == trained.history
    assert len(seen) < PARAMETERS.iterations
    before, last = trained.losses[-2:]
    assert before - last < 0.05 * before
    assert all(a - b >= 0.05 * a for a, b in pairwise(trained.losses[:-1]))


def test_without_tolerance_all_iterations_run():
    trained = train_als(WORLD, PARAMETERS.model_copy(update={"tolerance": 0}))
    assert len(trained.history) == PARAMETERS.iterations
    assert not trained.converged


def test_more_factors_than_items_is_refused():
    with pytest.raises(ParameterError, match=r"als\.factors is 128.*40 items"):
        train_als(WORLD, AlsParameters())


def test_one_user_cannot_be_factorized_with_two_factors():
    with pytest.raises(ParameterError, match="1 users"):
        train_als(only([0] * 5, range(5)), AlsParameters(factors=2))


@pytest.mark.parametrize("solver", ["auto", "exact", "cg"])
def test_every_solver_falls_to_nearly_the_same_loss_and_stops(solver):
    options = {"factors": 4, "iterations": 200, "tolerance": 1e-3}
    trained = train_als(WORLD, AlsParameters(**options, solver=solver))
    exact = train_als(WORLD, AlsParameters(**options, solver="exact"))
    assert trained.converged and len(trained.history) < 200
    assert trained.losses[-1] == pytest.approx(exact.losses[-1], rel=0.05)
    assert trained.user_factors.shape == (SIZE, 4)


def test_the_manifest_tells_shapes_and_parameters(model):
    assert model.part.manifest["shapes"]["item_factors.npy"] == [SIZE, 8]
    assert model.part.parameters == PARAMETERS.model_dump()
    assert model.part.manifest["metrics"]["als.items"] == SIZE


def test_a_damaged_part_is_refused(model, tmp_path):
    for path in model.part.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "item_factors.npy").write_bytes(b"short")
    with pytest.raises(ArtifactError, match=r"item_factors\.npy"):
        AlsModel.load(tmp_path)
    with pytest.raises(ArtifactError, match="never trained"):
        AlsModel.load(tmp_path / "nothing")


def test_the_curve_shows_every_iteration():
    trained = train_als(WORLD, PARAMETERS)
    (line,) = training_curve(trained).axes[0].get_lines()
    assert list(line.get_ydata()) == trained.losses
