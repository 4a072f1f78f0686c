"""The lists of all users and items in files are those of single queries."""

from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from recsys_lib.als import AlsModel, train_als, write_als_part
from recsys_lib.cli import main
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import NotTrainedError, ParameterError, StorageError
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters
from recsys_lib.paths import HOME_VARIABLE, Dataset
from recsys_lib.registry.parts import Part
from recsys_lib.serving.export import FOR_ITEMS, FOR_USERS, REMOVED_USERS, Export
from recsys_lib.serving.export._lists import ListsFile, id_array, lists_file
from recsys_lib.serving.export._similar_lists import SimilarLists

QUIET = Console(quiet=True)
SPACES = {
    "plain": {},
    "recency": {"recency_half_life": 1.0},
    "frequency": {"frequency_scaling": 1.0},
    "both": {"frequency_scaling": 0.5, "recency_half_life": 2.0},
    "disliked": {"min_rating": 4.0},
    "conjugate gradient": {"solver": "cg", "iterations": 2},
}


@pytest.fixture
def home(shop, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(shop.root))
    return shop


def export(*arguments):
    return main(["export", "--dataset", "sample-1000", *map(str, arguments)])


def assert_same(rows, expected_rows, expected_scores, ids):
    """The same scores place by place, and the same items wherever no other has the score."""
    scores = rows["score"].to_numpy()
    np.testing.assert_allclose(scores, expected_scores, rtol=2e-3, atol=2e-4)
    alone = np.diff(expected_scores, prepend=np.inf, append=-np.inf)
    alone = np.minimum(-alone[:-1], -alone[1:]) > 1e-3
    items = rows[:, 2].to_numpy()
    assert (items[alone] == ids[expected_rows][alone]).all()
    assert rows["rank"].to_list() == list(range(1, len(expected_rows) + 1))


@pytest.mark.parametrize("kind", SPACES)
def test_users_get_what_they_get_one_by_one(shop, tmp_path, kind):
    interactions = Interactions.load(shop.processed)
    parameters = AlsParameters(**{"factors": 8, "iterations": 5, **SPACES[kind]})
    display = AlsModel.load(shop.version("v1") / "als").display
    mine = Dataset("shop", tmp_path, tmp_path)
    write_als_part(
        mine.version("v1") / "als",
        train_als(interactions, parameters),
        interactions,
        display,
        parameters=parameters,
        data_fingerprint="f",
    )
    (path,) = Export.from_version(mine, "v1", n=7).run("users", QUIET)
    model, lists = AlsModel.load(mine.version("v1") / "als"), pl.read_parquet(path)
    assert lists["user_id"].unique(maintain_order=True).equals(model.users.series())
    by_user = lists.partition_by("user_id", as_dict=True)
    ids = model.items.ids()
    for row, user in enumerate(model.users.ids()[:300]):
        assert_same(by_user[(user,)], *model.recommend(row, 7), ids)


def test_of_an_evaluated_version_users_get_what_is_served(evaluated, tmp_path):
    version = evaluated.dataset.version(evaluated.version)
    ours = Export(evaluated.dataset, version, 7, tmp_path)
    (path,) = ours.run("users", QUIET)
    assert pq.read_metadata(path).metadata[b"by"] == b"blend"
    lists = pl.read_parquet(path)
    users = evaluated.als.users.series()
    assert lists["user_id"].unique(maintain_order=True).equals(users)
    by_user = lists.partition_by("user_id", as_dict=True)
    for user in users[:100]:
        answer = evaluated.recommend(user, 7)
        mine = by_user[(user,)]
        assert mine["item_id"].to_list() == answer["item_id"].to_list()
        np.testing.assert_allclose(mine["score"], answer["score"], rtol=1e-4)
    als = replace(ours, by="als", out=tmp_path / "als")
    (path,) = als.run("users", QUIET)
    assert pq.read_metadata(path).metadata[b"by"] == b"als"
    user = users[0]
    expected = evaluated.als.recommend(0, 7)
    mine = pl.read_parquet(path).filter(user_id=user)
    assert_same(mine, *expected, evaluated.als.items.ids())


def test_of_an_evaluated_version_items_go_by_what_is_served(evaluated, tmp_path):
    version = evaluated.dataset.version(evaluated.version)
    (path,) = Export(evaluated.dataset, version, 5, tmp_path).run("items", QUIET)
    lists = pl.read_parquet(path).partition_by("item_id", as_dict=True)
    for item in evaluated.als.items.ids()[:20]:
        answer, mine = evaluated.similar_items(item, 5), lists[(item,)]
        assert mine["similar_item_id"].to_list() == answer["item_id"].tolist()
        np.testing.assert_allclose(mine["score"], answer["score"], rtol=1e-4)


@pytest.mark.parametrize("by", ["als", "text"])
def test_each_way_answers_for_what_the_other_does_not_know(boutiques, by):
    models = boutiques["als"]
    lists = SimilarLists(models.als, models.rankings, None, by)
    ((items, scores, _),) = lists.blocks(4, 100)
    for row, item in enumerate(models.als.items.ids()):
        answer = models.similar_items(item, 4, by=by)
        np.testing.assert_allclose(scores[row][: len(answer)], answer["score"], atol=1e-4)
        assert (items[row] >= 0).sum() == len(answer)


@pytest.mark.parametrize(
    ("by", "what", "opened"),
    [("served", "both", 3), ("served", "items", 3), ("als", "both", 2)],
)
def test_each_part_is_opened_once(evaluated, tmp_path, monkeypatch, by, what, opened):
    """An export with a blend opened the ALS part twice, one of items opened parts for nothing."""
    folders, read = [], Part.read
    monkeypatch.setattr(Part, "read", lambda folder: folders.append(folder) or read(folder))
    version = evaluated.dataset.version(evaluated.version)
    Export(evaluated.dataset, version, 3, tmp_path, by).run(what, QUIET)
    assert len(folders) == len(set(folders)) == opened


@pytest.fixture(scope="module")
def two_versions(shop, tmp_path_factory):
    """v2 has v1's factors; a user is new, one is gone, and three have another history."""
    root = tmp_path_factory.mktemp("two")
    mine = Dataset("sample-1000", root, root)
    after = Interactions.load(shop.processed)
    lengths = np.bincount(after.user, minlength=len(after.users))
    new, longer, later, other = np.flatnonzero(lengths >= 3)[:4]
    parameters = AlsParameters(factors=8, iterations=2, confidence="linear")
    trained = train_als(after, parameters)
    display = AlsModel.load(shop.version("v1") / "als").display

    entry = {user: np.flatnonzero(after.user == user) for user in (longer, later, other)}
    kept = after.user != new
    kept[entry[longer][-1]] = False
    timestamp, rating = after.timestamp.copy(), after.rating.copy()
    timestamp[entry[later][[0, -1]]] = after.timestamp.max() + 1, after.timestamp.min() - 1
    rating[entry[other][0]] = 6 - rating[entry[other][0]] + (rating[entry[other][0]] == 3)
    ids = after.users.ids()
    before_ids = [*ids[np.arange(len(ids)) != new].tolist(), "gone"]
    place = np.arange(len(ids)) - (np.arange(len(ids)) > new)
    columns = {
        "user": np.append(place[after.user[kept]], len(before_ids) - 1),
        "item": np.append(after.item[kept], 0),
        "rating": np.append(rating[kept], 5),
        "timestamp": np.append(timestamp[kept], after.timestamp.max()),
        "count": np.append(after.count[kept], 1),
    }
    order = np.lexsort((columns["timestamp"], columns["user"]))
    columns = {
        name: values[order].astype(getattr(after, name).dtype) for name, values in columns.items()
    }
    before = replace(after, users=IdMap(before_ids), **columns)
    for name, interactions in (("v1", before), ("v2", after)):
        write_als_part(
            mine.version(name) / "als",
            trained,
            interactions,
            display,
            parameters=parameters,
            data_fingerprint=name,
        )
    return mine, ids[[new, longer, later, other]].tolist()


def test_changed_since_a_version_are_new_users_and_other_histories(two_versions, tmp_path):
    mine, changed = two_versions
    said = Console(record=True, width=400)
    since = Export.from_version(mine, "v2", 7, tmp_path, changed_since="v1")
    path, removed = since.run(console=said)
    lists = pl.read_parquet(path)
    assert sorted(lists["user_id"].unique()) == sorted(changed)
    assert pl.read_parquet(removed)["user_id"].to_list() == ["gone"]
    assert removed.name == REMOVED_USERS
    assert pq.read_metadata(path).metadata[b"changed_since"] == b"v1"
    text = said.export_text()
    assert "4 of " in text
    assert "1 are gone" in text
    assert "The model is the same" in text


def test_the_earlier_lists_with_the_changed_ones_are_all_lists(two_versions, tmp_path):
    """Where only histories changed: what a store of lists has after both."""
    mine, _ = two_versions
    options = {"console": QUIET}
    (earlier,) = Export.from_version(mine, "v1", 7, tmp_path / "1").run("users", **options)
    (later,) = Export.from_version(mine, "v2", 7, tmp_path / "2").run("users", **options)
    since = Export.from_version(mine, "v2", 7, tmp_path / "3", changed_since="v1")
    changed, removed = (pl.read_parquet(path) for path in since.run(**options))
    stored = pl.read_parquet(earlier).join(removed, on="user_id", how="anti")
    stored = pl.concat([stored.join(changed, on="user_id", how="anti"), changed])
    stored, every = (table.sort("user_id", "rank") for table in (stored, pl.read_parquet(later)))
    assert stored.drop("score").equals(every.drop("score"))
    np.testing.assert_allclose(stored["score"], every["score"], rtol=1e-4, atol=1e-6)


def test_since_the_same_version_nothing_changed(two_versions, tmp_path):
    mine, _ = two_versions
    since = Export.from_version(mine, "v2", 7, tmp_path, changed_since="v2")
    for path in since.run(console=QUIET):
        assert not len(pl.read_parquet(path))


def test_of_an_evaluated_version_changed_lists_are_what_is_served(
    evaluated, two_versions, tmp_path
):
    mine, changed = two_versions
    earlier = mine.version("v1")
    version = evaluated.dataset.version(evaluated.version)
    said = Console(record=True, width=400)
    since = Export(evaluated.dataset, version, 5, tmp_path, changed_since=earlier)
    path, _ = since.run(console=said)
    assert "The model changed as well" in said.export_text()
    lists = pl.read_parquet(path)
    assert {*changed} <= {*lists["user_id"]}
    answer = evaluated.recommend(changed[0], 5)
    assert lists.filter(user_id=changed[0])["item_id"].to_list() == answer["item_id"].to_list()


def test_changed_since_is_for_users_and_for_versions_with_histories(
    two_versions, home, tmp_path, capsys
):
    mine, _ = two_versions
    with pytest.raises(ParameterError, match="--what users"):
        Export.from_version(mine, "v2", changed_since="v1", out=tmp_path).run("both", QUIET)
    with pytest.raises(NotTrainedError, match="no histories to compare with"):
        Export.from_version(mine, "v2", changed_since="v9")
    assert export("--changed-since", "v9") == 2
    assert "'v9'" in capsys.readouterr().err
    assert export("--changed-since", "v1") == 0
    folder = home.root / "outputs" / "exports" / "sample-1000" / "v1" / "since-v1"
    assert sorted(path.name for path in folder.iterdir()) == sorted([FOR_USERS, REMOVED_USERS])


def test_the_command_writes_both_files_and_says_so(home, tmp_path, capsys):
    assert export("--n", 4, "--out", tmp_path) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said][1:] == [
        f"users written to {tmp_path / FOR_USERS}",
        f"items written to {tmp_path / FOR_ITEMS}",
    ]
    model = AlsModel.load(home.version("v1") / "als")
    items = pl.read_parquet(tmp_path / FOR_ITEMS)
    assert items.columns == ["item_id", "rank", "similar_item_id", "score"]
    assert items.dtypes == [pl.String, pl.Int32, pl.String, pl.Float32]
    assert len(items) == 4 * len(model.items)
    by_item, ids = items.partition_by("item_id", as_dict=True), model.items.ids()
    for row in range(0, len(ids), 50):
        assert_same(by_item[(ids[row],)], *model.similar(row, 4), ids)
    metadata = pq.read_metadata(tmp_path / FOR_USERS).metadata
    assert metadata[b"version"] == b"v1"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([FOR_USERS, FOR_ITEMS])


def test_only_what_was_asked_for_and_at_the_usual_place(home, capsys):
    assert export("--what", "items", "--quiet") == 0
    assert capsys.readouterr().out == ""
    folder = home.root / "outputs" / "exports" / "sample-1000" / "v1"
    assert [path.name for path in folder.iterdir() if path.is_file()] == [FOR_ITEMS]


def test_lists_longer_than_the_catalogue_end_with_it(home, tmp_path):
    assert export("--what", "users", "--n", 5_000, "--out", tmp_path, "--quiet") == 0
    model = AlsModel.load(home.version("v1") / "als")
    lengths = pl.read_parquet(tmp_path / FOR_USERS).group_by("user_id", maintain_order=True).len()
    seen = np.diff(model.user_items.indptr)
    assert lengths["len"].to_list() == (len(model.items) - seen).tolist()


def test_row_groups_are_small_and_their_number_changes_nothing(home, tmp_path, monkeypatch):
    assert export("--out", tmp_path / "one", "--quiet") == 0
    monkeypatch.setattr("recsys_lib.serving.export._files._ROWS", 500)
    monkeypatch.setattr("recsys_lib.serving.export._lists._COMPUTED", 64)
    monkeypatch.setattr("recsys_lib.serving.export._similar_lists._COMPUTED", 64)
    assert export("--out", tmp_path / "many", "--quiet") == 0
    for name in (FOR_USERS, FOR_ITEMS):
        one, many = (pl.read_parquet(tmp_path / folder / name) for folder in ("one", "many"))
        assert one.drop("score").equals(many.drop("score"))
        np.testing.assert_allclose(one["score"], many["score"], rtol=1e-4, atol=1e-6)
        assert pq.ParquetFile(tmp_path / "many" / name).num_row_groups > 5


def test_mistakes_are_named(home, tmp_path, capsys):
    assert export("--n", 0) == 2
    assert "--n must be at least 1" in capsys.readouterr().err
    assert export("--version", "v9") == 2
    assert "'v9'" in capsys.readouterr().err
    with pytest.raises(NotTrainedError, match=r"v9 has no .* run 'python run_pipeline\.py"):
        Export.from_version(home, "v9")
    (tmp_path / "file").touch()
    assert export("--out", tmp_path / "file" / "x", "--quiet") == 1
    assert "could not be written to" in capsys.readouterr().err
    with pytest.raises(NotTrainedError):
        Export.from_version(Dataset("none", tmp_path, tmp_path))
    with pytest.raises(ParameterError):
        Export.from_version(home, n=-1)


def test_an_interrupted_export_leaves_the_old_file(home, tmp_path, monkeypatch):
    path = tmp_path / FOR_ITEMS
    path.write_text("old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ListsFile, "write", fail)
    with pytest.raises(StorageError, match="No space left"):
        Export.from_version(home, out=tmp_path).run("items", QUIET)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [FOR_ITEMS]


def test_ids_are_texts_for_every_reader(tmp_path):
    items = IdMap(["x", "y"])
    with lists_file(tmp_path / "l.parquet", ["a", "rank", "b", "score"], items, {}) as file:
        queries = id_array(IdMap(["u", "v"]))
        rows = file.write(queries, np.array([[1, 0], [0, -1]], np.int32), np.ones((2, 2)))
    assert rows == 3
    assert pl.read_parquet(tmp_path / "l.parquet").rows() == [
        ("u", 1, "y", 1.0),
        ("u", 2, "x", 1.0),
        ("v", 1, "x", 1.0),
    ]
