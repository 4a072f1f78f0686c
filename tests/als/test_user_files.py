"""The users of a part: written in blocks, and left on disk until somebody asks."""

import json

import numpy as np
import polars as pl
import psutil
import pytest

from recsys_lib.als import AlsModel, is_of_users, train_als, user_files
from recsys_lib.als.storing import store_als_blocks, store_als_part
from recsys_lib.blend import BlendModel, BlendWeights, Histories, LearnedBlend, write_blend_part
from recsys_lib.blend.part import HISTORY_FILES, learned_facts, store_blend_part
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ArtifactError
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters
from recsys_lib.registry import PART_MANIFEST
from tests.support.taste_world import stored, world

PARAMETERS = AlsParameters(factors=4, iterations=2, tolerance=0, num_threads=1, min_rating=2)
LEARNED = LearnedBlend(BlendWeights({"als": (1.0,) * 6}, {}), "als", {}, 60)
MANY = 100_000_000
FACTS = {"data_fingerprint": "f", "metrics": {}}


def rated():
    """The world, with some low ratings."""
    data = world()
    rating = 1 + np.arange(len(data), dtype=np.float32) % 5
    return Interactions(data.users, data.items, data.user, data.item, rating, data.timestamp)


def in_blocks(data, size):
    """The same interactions, some users at a time."""
    for start in range(0, len(data.users), size):
        mine = (data.user >= start) & (data.user < start + size)
        yield Interactions(
            IdMap(data.users.ids()[start : start + size]),
            data.items,
            data.user[mine] - np.int32(start),
            data.item[mine],
            data.rating[mine],
            data.timestamp[mine],
        )


def digests(folder):
    """SHA-256 of each file of a part."""
    files = json.loads((folder / PART_MANIFEST).read_text())["files"]
    return {name: facts["sha256"] for name, facts in files.items()}


@pytest.mark.parametrize("size", [7, 60])
def test_blocks_make_the_files_of_all_at_once(tmp_path, size):
    data, names = rated(), rated().items.ids()
    items = pl.DataFrame({"id": names, "title": names, "image_url": names})
    factors = train_als(data, PARAMETERS).item_factors
    about = {"parameters": PARAMETERS, **FACTS}
    store_als_part(tmp_path / "one", factors, data, items, **about)
    blocks, means = in_blocks(data, size), data.mean_ratings()
    store_als_blocks(tmp_path / "many", factors, blocks, items, means, **about)
    assert digests(tmp_path / "many") == digests(tmp_path / "one")
    write_blend_part(tmp_path / "blend", LEARNED, data, PARAMETERS, data_fingerprint="f")
    histories = [Histories.from_interactions(one, PARAMETERS) for one in in_blocks(data, size)]
    facts = learned_facts(LEARNED)
    store_blend_part(tmp_path / "blocks", {}, histories, data.items, facts=facts, **FACTS)
    theirs, mine = digests(tmp_path / "blend"), digests(tmp_path / "blocks")
    assert {name: mine[name] for name in HISTORY_FILES} == {
        name: theirs[name] for name in HISTORY_FILES
    }


def test_what_is_needed_of_all_users_was_counted_when_they_were_written(tmp_path):
    model = stored(tmp_path / "als", rated(), PARAMETERS)
    confidences = model.user_items.toarray()
    data = rated()
    assert model.popularity.tolist() == np.bincount(data.item, minlength=30).tolist()
    assert model.learned.tolist() == (confidences > 0).any(axis=0).tolist()
    assert model.typical_confidence == pytest.approx(confidences[confidences > 0].mean())
    own = data.item[data.user == 5]
    assert model.histories.newest_first(5).tolist() == own[::-1].tolist()


@pytest.mark.parametrize("at_once", [1, 7, 100])
def test_users_with_histories_of_some_length(tmp_path, monkeypatch, at_once):
    histories = stored(tmp_path / "als", world(kept=0.5), PARAMETERS).histories
    monkeypatch.setattr(user_files, "_AT_ONCE", at_once)
    lengths = np.diff(histories.indptr)
    for n in (1, 5, 60, 70):
        expected = np.argsort(-lengths, kind="stable")[:n]
        assert histories.longest(n).tolist() == expected.tolist()
        typical = histories.of_length(3, 4, n)
        assert len(typical) <= n
        assert len(np.unique(typical)) == len(typical)
        assert set(lengths[typical]) <= {3, 4}
    assert len(histories.of_length(3, 4, 60)) == np.isin(lengths, [3, 4]).sum()
    assert len(histories.of_length(100, 200, 5)) == 0


def test_opening_and_answering_read_nothing_of_other_users(tmp_path):
    """Behind the users stand zeros for 100 million entries, which nobody may read or copy."""
    data = rated()
    stored(tmp_path / "als", data, PARAMETERS)
    write_blend_part(tmp_path / "blend", LEARNED, data, PARAMETERS, data_fingerprint="f")
    expected, n_entries = answered(tmp_path)  # what is compiled and cached stays from now on
    for part in ("als", "blend"):
        for path in (tmp_path / part).glob("*.npy"):
            if path.name.startswith("histories.") or path.name in HISTORY_FILES:
                lengthen(path)
    before = psutil.Process().memory_info().rss
    assert answered(tmp_path) == (expected, n_entries + MANY)
    assert psutil.Process().memory_info().rss - before < MANY // 2


def answered(folder):
    """Open the parts and ask them; some items, and the number of entries of all histories."""
    als = AlsModel.load(folder / "als")
    blend = BlendModel.load(folder / "blend", als, None)
    blend.prepare()
    lists = (
        als.recommend(3, 5),
        blend.for_user(3).best(5),
        als.recommend_for_rows(np.array([1, 2]), 5),
        blend.for_items(["i1"]).best(5),
    )
    return [rows.tolist() for rows, *_ in lists], len(als.histories)


def lengthen(path):
    """Append zeros to an array; a file with a hole takes no space."""
    array = np.load(path)
    longer = np.lib.format.open_memmap(path, "w+", array.dtype, (len(array) + MANY,))
    longer[: len(array)] = array
    longer.flush()
    manifest = json.loads((path.parent / PART_MANIFEST).read_text())
    manifest["files"][path.name]["bytes"] = path.stat().st_size
    (path.parent / PART_MANIFEST).write_text(json.dumps(manifest))


def test_a_part_of_an_earlier_version_says_what_to_do(tmp_path):
    stored(tmp_path / "als", world(), PARAMETERS)
    manifest = json.loads((tmp_path / "als" / PART_MANIFEST).read_text())
    for name in list(manifest["files"]):
        if is_of_users(name):
            (tmp_path / "als" / name).unlink()
            del manifest["files"][name]
    (tmp_path / "als" / PART_MANIFEST).write_text(json.dumps(manifest))
    pl.DataFrame({"id": ["u0"]}).write_parquet(tmp_path / "als" / "users.parquet")
    with pytest.raises(ArtifactError, match=r"als was written by an earlier version: train again"):
        AlsModel.load(tmp_path / "als")
