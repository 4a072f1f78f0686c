"""Similar items: by likes, by text where nothing was learned, and by the blend."""

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from recsys_lib import Recommender
from recsys_lib.als import AlsModel, train_als, write_als_part
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import NotTrainedError, QueryError, UnknownItemError
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters
from recsys_lib.paths import Dataset
from recsys_lib.serving.export import Export


@pytest.fixture(scope="module")
def disliked(shop, shop_interactions):
    """An item of the catalogue: in the version of ``loveless`` nobody likes it."""
    return str(shop_interactions.items.ids([3])[0])


@pytest.fixture(scope="module")
def loveless(shop, shop_interactions, disliked, tmp_path_factory):
    """A version in which one item has bad ratings only, and another item has no text either."""
    dataset = Dataset("sample-1000", tmp_path_factory.mktemp("root"), shop.raw)
    known = shop_interactions
    ids = [*known.items.ids(), "no text"]
    row, nameless = known.items.row(disliked), len(ids) - 1
    rating = np.where(known.item == row, np.float32(1), np.float32(5))
    interactions = Interactions(
        users=known.users,
        items=IdMap(ids),
        user=np.append(known.user, np.int32(0)),
        item=np.append(known.item, np.int32(nameless)),
        rating=np.append(rating, np.float32(1)),
        timestamp=np.append(known.timestamp, known.timestamp[-1]),
    )
    parameters = AlsParameters(factors=8, iterations=3, min_rating=4.0)
    display = pl.DataFrame({"id": ids}).with_columns(title="id", image_url=pl.lit(None, pl.String))
    folder = dataset.version("v1")
    write_als_part(
        folder / "als",
        train_als(interactions, parameters),
        interactions,
        display,
        parameters=parameters,
        data_fingerprint="f",
    )
    (folder / "search").symlink_to(shop.version("v1") / "search")
    return Recommender.load(folder, dataset=dataset)


def test_an_item_that_nobody_liked_is_answered_by_its_text(loveless, disliked):
    answer = loveless.similar_items(disliked, 5)
    assert set(answer["source"]) == {"semantic"}
    assert (answer["score"] > 0).all()
    assert (
        answer["item_id"].tolist()
        == loveless.similar_items(disliked, 5, "text")["item_id"].tolist()
    )
    history = loveless.recommend_for_history([disliked], 5)
    assert set(history["source"]) == {"semantic"}


def test_neither_likes_nor_text_is_unknown(loveless):
    with pytest.raises(UnknownItemError, match="nobody liked it, and it has no text"):
        loveless.similar_items("no text")
    with pytest.raises(UnknownItemError, match="nobody liked it"):
        loveless.recommend_for_history(["no text"])


def test_what_nobody_liked_is_near_to_nothing_liked(loveless, disliked):
    """Its cosine of 0 came before every negative one."""
    everything = len(loveless.als.items)
    for item in loveless.example_items(3):
        answer = loveless.similar_items(item, everything)
        assert not {disliked, "no text"} & set(answer["item_id"])
        assert len(answer) == loveless.als.learned.sum() - 1


def test_exported_lists_are_those_of_single_questions(loveless, disliked, tmp_path):
    version = loveless.dataset.version("v1")
    (path,) = Export(loveless.dataset, version, 4, tmp_path).run("items", Console(quiet=True))
    lists = pl.read_parquet(path).partition_by("item_id", as_dict=True)
    assert ("no text",) not in lists
    for item in [disliked, *loveless.example_items(20)]:
        answer, exported = loveless.similar_items(item, 4), lists[(item,)]
        assert exported["similar_item_id"].to_list() == answer["item_id"].tolist()
        np.testing.assert_allclose(exported["score"], answer["score"], atol=1e-4)


def test_by_chooses_whose_list(evaluated):
    item = evaluated.example_items(1)[0]
    assert evaluated.similar_by == evaluated.blend.part.similar_by == "blend"
    assert evaluated.similar_items(item, 5).equals(evaluated.similar_items(item, 5, by="blend"))
    assert set(evaluated.similar_items(item, 5, by="text")["source"]) == {"semantic"}
    blended = evaluated.similar_items(item, 5, by="blend")
    assert item not in set(blended["item_id"])
    assert (
        blended["item_id"].tolist()
        == evaluated.recommend_for_history([item], 5)["item_id"].tolist()
    )


def test_a_by_that_cannot_be_is_an_error(loveless, shop, tmp_path):
    item = loveless.example_items(1)[0]
    with pytest.raises(QueryError, match=r"by must be als or text or blend, got 'txt'.*'text'"):
        loveless.similar_items(item, by="txt")
    with pytest.raises(NotTrainedError, match=r"no blend: run 'python run_pipeline\.py"):
        loveless.similar_items(item, by="blend")
    only_als = Recommender(loveless.dataset, AlsModel.load(loveless.als.part.folder), None)
    with pytest.raises(NotTrainedError, match="search index"):
        only_als.similar_items(item, by="text")
