"""The built-in sample: schema, sizes, dirt, and the structure that models should learn."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.data.sample import APPLIANCES, SampleSize, ensure_sample, write_sample, writer
from recsys_lib.data.sample.assortment import MACHINES, PRODUCT_TYPES
from recsys_lib.data.sample.dirt import Dirt
from recsys_lib.data.sample.phrases import NAMES
from recsys_lib.data.sample.pictures import picture
from recsys_lib.data.sample.product_types import BRANDS
from recsys_lib.data.sample.rendering import asins, user_ids
from recsys_lib.errors import ParameterError
from recsys_lib.files import read_json, sha256, write_json
from recsys_lib.paths import Dataset

SIZE = SampleSize(users=4_000, products=700, reviews=12_000)
SMALL = SampleSize(users=150, products=200, reviews=600)
REVIEW_FIELDS = {
    "rating": float,
    "title": str,
    "text": str,
    "images": list,
    "asin": str,
    "parent_asin": str,
    "user_id": str,
    "timestamp": int,
    "helpful_vote": int,
    "verified_purchase": bool,
}
META_FIELDS = {
    "main_category": str,
    "title": (str, type(None)),
    "average_rating": (float, type(None)),
    "rating_number": int,
    "features": list,
    "description": list,
    "price": (float, str, type(None)),
    "images": list,
    "videos": list,
    "store": str,
    "categories": list,
    "details": dict,
    "parent_asin": str,
    "bought_together": type(None),
}


@dataclass(frozen=True)
class Sample:
    """A generated sample, read line by line with the standard library."""

    lines: list[bytes]
    reviews: list[dict[str, Any]]
    meta: dict[str, dict[str, Any]]

    def kept(self) -> pl.DataFrame:
        """The newest review of each (user, product), with the product's page beside it."""
        pages = [self.meta.get(r["parent_asin"], {}) for r in self.reviews]
        details = [page.get("details", {}) for page in pages]
        rows = pl.DataFrame(
            {
                "user": [r["user_id"] for r in self.reviews],
                "item": [r["parent_asin"] for r in self.reviews],
                "rating": [r["rating"] for r in self.reviews],
                "time": [r["timestamp"] for r in self.reviews],
                "leaf": [page.get("categories", [""])[-1] for page in pages],
                "machine": ["Model Number" in each for each in details],
                "brand": [each.get("Compatible Brand", each.get("Brand")) for each in details],
            }
        )
        return rows.sort("time").unique(["user", "item"], keep="last", maintain_order=True)


def parsed(line: bytes) -> dict[str, Any] | None:
    """The review in a line, or None when a careful reader would refuse it."""
    try:
        review = json.loads(line.decode("utf-8"))
    except ValueError:
        return None
    whole = REVIEW_FIELDS.keys() <= review.keys() and 1.0 <= review["rating"] <= 5.0
    return review if whole else None


def read(folder: Path) -> Sample:
    """Read the files of a sample."""
    lines = (folder / "reviews.jsonl").read_bytes().split(b"\n")[:-1]
    reviews = [review for line in lines if (review := parsed(line)) is not None]
    meta = [json.loads(line) for line in (folder / "meta.jsonl").read_text("utf-8").splitlines()]
    return Sample(lines, reviews, {page["parent_asin"]: page for page in meta})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample"
    write_sample(path, SIZE, seed=7)
    return path


@pytest.fixture(scope="module")
def sample(folder: Path) -> Sample:
    return read(folder)


class TestFiles:
    def test_reviews_have_the_schema(self, sample: Sample) -> None:
        for review in sample.reviews:
            assert list(review) == list(REVIEW_FIELDS)
            for field, kind in REVIEW_FIELDS.items():
                assert type(review[field]) is kind, field
            assert review["rating"] in (1.0, 2.0, 3.0, 4.0, 5.0)
            assert review["text"]

    def test_products_have_the_schema(self, sample: Sample) -> None:
        for page in sample.meta.values():
            assert list(page) == list(META_FIELDS)
            for field, kind in META_FIELDS.items():
                assert isinstance(page[field], kind), field
            for image in page["images"]:
                assert set(image) == {"thumb", "large", "variant", "hi_res"}

    def test_ids_look_like_the_real_ones(self, sample: Sample) -> None:
        for review in sample.reviews:
            assert len(review["user_id"]) == 28
            assert review["user_id"][:2] in ("AE", "AF", "AG", "AH")
            assert len(review["parent_asin"]) == len(review["asin"]) == 10
            assert review["parent_asin"].startswith("B0")
        variants = np.mean([r["asin"] != r["parent_asin"] for r in sample.reviews])
        assert 0.05 < variants < 0.4

    def test_times_are_milliseconds_between_2013_and_2023(self, sample: Sample) -> None:
        years = 1970 + np.array([r["timestamp"] for r in sample.reviews]) / 31_556_952_000
        assert years.min() >= 2013
        assert years.max() < 2024
        assert np.ptp(years) > 7

    def test_sizes_are_what_was_asked_for(self, sample: Sample) -> None:
        assert len(sample.lines) == SIZE.reviews
        assert len(sample.meta) == SIZE.products
        assert len({r["user_id"] for r in sample.reviews}) == SIZE.users

    def test_equal_seeds_give_equal_bytes(self, tmp_path: Path) -> None:
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            write_sample(tmp_path / name, SMALL, seed)
        for file in ("reviews.jsonl", "meta.jsonl", "sample.json"):
            a, b, c = (sha256(tmp_path / name / file) for name in "abc")
            assert a == b
            assert a != c

    def test_the_bytes_are_those_of_this_version_of_the_generator(self, tmp_path: Path) -> None:
        """Where they change, raise GENERATOR_VERSION, or old samples pass for new ones."""
        write_sample(tmp_path / "s", SampleSize.for_users(150))
        assert writer.GENERATOR_VERSION == 1
        assert sha256(tmp_path / "s" / "reviews.jsonl").startswith("018c3a5106a68d7c")
        assert sha256(tmp_path / "s" / "meta.jsonl").startswith("8851098392d6825d")

    def test_nothing_is_left_beside_the_folder(self, tmp_path: Path) -> None:
        write_sample(tmp_path / "s", SMALL)
        write_sample(tmp_path / "s", SMALL)
        assert [path.name for path in tmp_path.iterdir()] == ["s"]
        assert {path.name for path in (tmp_path / "s").iterdir()} == {
            "reviews.jsonl",
            "meta.jsonl",
            "sample.json",
        }


class TestDirt:
    def test_amounts_add_up(self, sample: Sample) -> None:
        dirt = Dirt.for_reviews(SIZE.reviews)
        copies = sum(n - 1 for n in Counter(sample.lines).values() if n > 1)
        html_lines = sum(b"503 Service" in line for line in sample.lines)
        assert copies == dirt.duplicates + max(0, html_lines - 1)
        assert len(sample.lines) - len(sample.reviews) == dirt.broken
        distinct = {(r["user_id"], r["parent_asin"]) for r in sample.reviews}
        assert len(distinct) == dirt.clean(SIZE.reviews)
        events = {(r["user_id"], r["parent_asin"], r["timestamp"]) for r in sample.reviews}
        assert len(events) == len(distinct) + dirt.superseded

    @pytest.mark.parametrize("reviews", [600, 60_000, 2_000_000])
    def test_dirt_scales_with_the_size(self, reviews: int) -> None:
        dirt = Dirt.for_reviews(reviews)
        assert dirt.duplicates == reviews // 100
        assert dirt.broken == max(7, reviews // 2_000)

    def test_every_kind_of_broken_line_occurs(self, sample: Sample) -> None:
        broken = [line for line in sample.lines if parsed(line) is None]
        assert any(b"503 Service" in line for line in broken)
        assert any(b"\x00" in line for line in broken)
        assert any(b"\xff\xfe" in line for line in broken)
        assert any(b"user_id" not in line and line.endswith(b"}") for line in broken)
        assert any(line.startswith(b"{") and not line.endswith(b"}") for line in broken)
        for rating in (b"0.0", b"9.0"):
            assert any(b'"rating": ' + rating in line for line in broken)

    def test_some_products_are_unreviewed_and_some_unknown(self, sample: Sample) -> None:
        reviewed = {r["parent_asin"] for r in sample.reviews}
        unreviewed = sample.meta.keys() - reviewed
        assert len(unreviewed) == round(0.04 * SIZE.products)
        assert all(sample.meta[item]["rating_number"] == 0 for item in unreviewed)
        assert all(sample.meta[item]["average_rating"] is None for item in unreviewed)
        lost = {
            (r["user_id"], r["parent_asin"])
            for r in sample.reviews
            if r["parent_asin"] not in sample.meta
        }
        assert len(lost) == Dirt.for_reviews(SIZE.reviews).unknown

    def test_pages_are_not_all_clean(self, sample: Sample) -> None:
        pages = list(sample.meta.values())
        titles, prices = [page["title"] for page in pages], [page["price"] for page in pages]
        assert None in titles
        assert "" in titles
        assert any("&amp;" in title for title in titles if title)
        assert any("&quot;" in title for title in titles if title)
        assert any("<br />" in text for page in pages for text in page["description"])
        assert "—" in prices
        assert any(isinstance(price, str) and price.startswith("$") for price in prices)

    def test_some_reviews_are_not_english(self, sample: Sample) -> None:
        texts = [review["text"] for review in sample.reviews]
        assert 0.005 < np.mean([not text.isascii() for text in texts]) < 0.05
        assert any("<br />" in text for text in texts)


class TestStructure:
    def test_most_people_write_one_or_two_reviews(self, sample: Sample) -> None:
        counts = sample.kept()["user"].value_counts()["count"]
        assert (counts <= 2).mean() >= 0.55
        assert counts.max() >= 20

    def test_popularity_has_a_long_tail(self, sample: Sample) -> None:
        counts = sample.kept()["item"].value_counts()["count"].sort(descending=True).to_numpy()
        assert counts[: len(counts) // 10].sum() > 0.3 * counts.sum()

    def test_ratings_lean_to_five(self, sample: Sample) -> None:
        shares = sample.kept()["rating"].value_counts(normalize=True)
        share = dict(shares.iter_rows())
        assert 0.5 < share[5.0] < 0.75
        assert share[1.0] > share[2.0]

    def test_parts_are_of_the_brand_of_the_machine(self, sample: Sample) -> None:
        rows = sample.kept().filter(pl.col("brand") != "Universal")
        machines = rows.filter("machine").unique("user", keep="first", maintain_order=True)
        parts = rows.filter(~pl.col("machine"))
        pairs = parts.join(machines.select("user", own="brand"), on="user")
        by_chance = float((rows["brand"].value_counts(normalize=True)["proportion"] ** 2).sum())
        assert len(pairs) > 500
        assert (pairs["brand"] == pairs["own"]).mean() > max(0.6, 2 * by_chance)

    def test_the_machine_comes_before_its_parts(self, sample: Sample) -> None:
        rows = sample.kept()
        washers = rows.filter(leaf="Washing Machines").select("user", "brand", bought="time")
        parts = rows.filter(~pl.col("machine")).filter(pl.col("leaf") == "Pumps")
        pairs = parts.join(washers, on=["user", "brand"])
        assert len(pairs) > 20
        assert (pairs["time"] > pairs["bought"]).mean() > 0.9

    def test_average_ratings_are_those_of_the_reviews(self, sample: Sample) -> None:
        first = sample.kept().group_by("item").len()
        for item, count in first.iter_rows():
            if item in sample.meta:
                assert sample.meta[item]["rating_number"] == count

    def test_a_washing_machine_says_so(self, sample: Sample) -> None:
        names = ("washing machine", *(name.lower() for name in NAMES["washer"]))
        for page in sample.meta.values():
            title = (page["title"] or "").lower()
            if page["categories"][-1] == "Washing Machines" and title:
                assert any(name in title for name in names)
            elif "Parts & Accessories" in page["categories"]:
                assert "washing machine" not in title

    def test_buyers_of_dryer_belts_buy_for_dryers(self, sample: Sample) -> None:
        rows = sample.kept().filter(pl.len().over("user").is_between(2, 6))
        dryer = [_is_dryer(sample.meta.get(item, {})) for item in rows["item"]]
        rows = rows.with_columns(dryer=pl.Series(dryer))
        belts = rows.filter("dryer", leaf="Belts").select("user", belt="item")
        others = belts.join(rows, on="user").filter(pl.col("item") != pl.col("belt"))
        assert len(others) > 100
        assert others["dryer"].mean() > 2 * rows["dryer"].mean()


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    folder = tmp_path_factory.mktemp("default") / "sample"
    write_sample(folder)
    return Learned.fit(read(folder))


@pytest.mark.slow
class TestLearnable:
    """The default sample, leave-last-out by time, 128 factors, alpha 10, lambda 1."""

    def test_als_beats_the_most_popular_five_times(self, learned: Learned) -> None:
        known = learned.train[learned.users]
        ranked, _ = learned.model.recommend(learned.users, known, N=10)
        order = np.argsort(-np.bincount(learned.train.indices), kind="stable")[:100]
        popular = [order[~np.isin(order, row.indices)][:10] for row in known]
        baseline = ndcg(np.array(popular), learned.held_out)
        assert baseline > 0.005
        assert ndcg(ranked, learned.held_out) > 5 * baseline

    def test_what_is_similar_to_dryer_belts_is_for_dryers(self, learned: Learned) -> None:
        pages = [learned.pages.get(item, {}) for item in learned.items]
        dryer = np.array([_is_dryer(page) for page in pages])
        belts = np.array(["Belts" in page.get("categories", []) for page in pages]) & dryer
        counts = np.bincount(learned.train.indices, minlength=len(pages)) * belts
        favourites = np.argsort(-counts)[:10]
        similar, _ = learned.model.similar_items(favourites, N=11)
        assert dryer[similar[:, 1:]].mean() > 0.8


@dataclass(frozen=True)
class Learned:
    """An ALS model of all but everybody's last purchase."""

    model: AlternatingLeastSquares
    train: sparse.csr_matrix
    users: np.ndarray
    held_out: np.ndarray
    items: list[str]
    pages: dict[str, dict[str, Any]]

    @classmethod
    def fit(cls, sample: Sample) -> Learned:
        rows = sample.kept().sort("user", "time")
        user = rows["user"].rank("dense").to_numpy() - 1
        item = rows["item"].rank("dense").to_numpy() - 1
        last = np.append(user[1:] != user[:-1], True) & (np.bincount(user)[user] > 1)
        seen = (rows["rating"].to_numpy().astype(np.float32)[~last], (user[~last], item[~last]))
        train = sparse.csr_matrix(seen, shape=(user.max() + 1, item.max() + 1))
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(128, regularization=1.0, alpha=10.0, random_state=0)
            model.fit(train, show_progress=False)
        items = rows["item"].unique().sort().to_list()
        return cls(model, train, user[last], item[last], items, sample.meta)


def ndcg(ranked: np.ndarray, held_out: np.ndarray) -> float:
    """With one relevant product a user, nDCG is 1 / log2(rank + 1) of it."""
    gains = 1.0 / np.log2(np.arange(ranked.shape[1]) + 2.0)
    return float(((ranked == held_out[:, None]) * gains).sum(axis=1).mean())


def _is_dryer(page: dict[str, Any]) -> bool:
    return any("Dryer" in category for category in page.get("categories", [])[2:])


class TestSizes:
    def test_both_ends_are_met(self) -> None:
        assert SampleSize.for_users(20_000) == SampleSize()
        assert SampleSize.for_users(APPLIANCES.users) == APPLIANCES

    @given(st.integers(100, 3_000_000), st.integers(100, 3_000_000))
    def test_more_users_never_give_less(self, few: int, many: int) -> None:
        small, large = (SampleSize.for_users(users) for users in sorted((few, many)))
        assert small.products <= large.products
        assert small.reviews <= large.reviews or small.users == large.users
        assert small.reviews / small.users >= large.reviews / large.users - 0.01

    @pytest.mark.parametrize("users", [0, 1, 99])
    def test_too_few_users(self, users: int) -> None:
        with pytest.raises(ParameterError, match="at least 100"):
            SampleSize.for_users(users)
        with pytest.raises(ParameterError, match="at least 100"):
            SampleSize(users=users)

    def test_too_few_reviews(self) -> None:
        with pytest.raises(ParameterError, match="at least 3,300"):
            SampleSize(users=1_000, products=3_000, reviews=3_000)

    @pytest.mark.parametrize("users", [100, 137, 1_000])
    def test_small_samples_can_be_made(self, tmp_path: Path, users: int) -> None:
        size = SampleSize.for_users(users)
        write_sample(tmp_path / "s", size, seed=3)
        lines = (tmp_path / "s" / "reviews.jsonl").read_bytes().split(b"\n")[:-1]
        assert len(lines) == size.reviews

    @pytest.mark.slow
    def test_a_large_one_too(self, tmp_path: Path) -> None:
        size = SampleSize.for_users(300_000)
        write_sample(tmp_path / "s", size)
        with (tmp_path / "s" / "reviews.jsonl").open("rb") as file:
            assert sum(1 for _ in file) == size.reviews


class TestEnsure:
    @pytest.fixture
    def dataset(self, tmp_path: Path) -> Dataset:
        return Dataset.find("sample-150", root=tmp_path)

    def test_generates_once(self, dataset: Dataset) -> None:
        assert ensure_sample(dataset)
        before = (dataset.raw / "reviews.jsonl").stat().st_mtime_ns
        assert not ensure_sample(dataset)
        assert (dataset.raw / "reviews.jsonl").stat().st_mtime_ns == before

    def test_the_record_says_what_it_is(self, dataset: Dataset) -> None:
        ensure_sample(dataset, seed=5)
        record = read_json(dataset.raw / "sample.json")
        assert record["seed"] == 5
        assert record["size"]["users"] == 150
        assert record["generator"] == writer.GENERATOR_VERSION

    def test_generates_again_when_anything_changed(
        self, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ensure_sample(dataset)
        assert ensure_sample(dataset, seed=6)
        monkeypatch.setattr(writer, "GENERATOR_VERSION", 99)
        assert ensure_sample(dataset, seed=6)
        write_json(dataset.raw / "sample.json", {"generator": 99})
        assert ensure_sample(dataset, seed=6)
        (dataset.raw / "meta.jsonl").unlink()
        assert ensure_sample(dataset, seed=6)
        assert not ensure_sample(dataset, seed=6)

    def test_the_default_has_the_default_size(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = []
        monkeypatch.setattr(writer, "write_sample", lambda *arguments: asked.append(arguments))
        dataset = Dataset.find("sample", root=tmp_path)
        assert ensure_sample(dataset)
        assert asked == [(dataset.raw, SampleSize(), 42)]

    def test_other_datasets_are_left_alone(self, tmp_path: Path) -> None:
        dataset = Dataset.find("games", root=tmp_path)
        assert not ensure_sample(dataset)
        assert not dataset.raw.exists()

    def test_too_few_users(self, tmp_path: Path) -> None:
        with pytest.raises(ParameterError, match="at least 100"):
            ensure_sample(Dataset.find("sample-50", root=tmp_path))


class TestVocabulary:
    def test_ids_are_unique(self) -> None:
        rng = np.random.default_rng(0)
        assert asins(100_000, rng).n_unique() == 100_000
        assert user_ids(100_000, rng).n_unique() == 100_000

    def test_every_product_type_has_a_small_picture(self) -> None:
        for product_type in PRODUCT_TYPES:
            url = picture(product_type.icon, BRANDS[0].colour)
            assert url.startswith("data:image/svg+xml,%3Csvg")
            assert len(url) < 700
            assert not set(url) & set("<>\"'# ")

    def test_every_machine_has_sizes_and_names(self) -> None:
        for machine in MACHINES:
            assert len(machine.sizes) == len(machine.styles)
            assert machine.spoken_name in NAMES
            assert all(0 < thing.price[0] < thing.price[1] for thing in machine.parts)
            assert all(claim for thing in machine.parts for claim in thing.claims)
