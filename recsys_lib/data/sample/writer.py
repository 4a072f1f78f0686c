"""The files of the sample: reviews.jsonl, meta.jsonl, and sample.json, which records its origin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import polars as pl

from recsys_lib.data.sample.catalogue import Catalogue, make_catalogue
from recsys_lib.data.sample.dirt import (
    Dirt,
    add_flaw,
    add_repeats,
    break_lines,
    choose_flaws,
    move_to_unknown,
)
from recsys_lib.data.sample.listings import Listings
from recsys_lib.data.sample.purchases import make_purchases
from recsys_lib.data.sample.rendering import Renderer
from recsys_lib.data.sample.reviews import PhraseBook, make_reviews
from recsys_lib.data.sample.sizes import DEFAULT_SIZE, SampleSize
from recsys_lib.files import read_json, replacing_folder, write_json
from recsys_lib.parameters import DEFAULT_SEED
from recsys_lib.paths import SAMPLE, Dataset
from recsys_lib.places import SAMPLE_RECORD

GENERATOR_VERSION = 1
"""Raise it whenever the generated data changes: samples on disk are then generated again."""
REVIEWS, META, RECORD = "reviews.jsonl", "meta.jsonl", SAMPLE_RECORD
_CHUNK = 100_000


def write_sample(folder: Path, size: SampleSize = DEFAULT_SIZE, seed: int = DEFAULT_SEED) -> None:
    """Generate a sample into ``folder``, as a whole; equal arguments give equal bytes."""
    rng = np.random.default_rng(seed)
    dirt, book = Dirt.for_reviews(size.reviews), PhraseBook.from_templates()
    catalogue = make_catalogue(size.products, rng)
    purchases = make_purchases(catalogue, size.users, dirt.clean(size.reviews), rng)
    review_rows = make_reviews(catalogue, purchases, book, rng)
    review_rows = move_to_unknown(review_rows, size.products, dirt.unknown, rng)
    renderer = Renderer.from_counts(book, size.users, size.products + dirt.unknown, rng)
    with replacing_folder(folder) as temporary:
        with (temporary / META).open("wb") as file:
            file.writelines(_meta_lines(catalogue, review_rows, renderer.asins, rng))
        lines = add_repeats(review_rows, dirt, book, rng)
        with (temporary / REVIEWS).open("wb") as file:
            _write_reviews(file, lines, renderer, dirt.broken, rng)
        write_json(temporary / RECORD, _record(size, seed))


def ensure_sample(dataset: Dataset, seed: int = DEFAULT_SEED) -> bool:
    """Generate the sample that ``dataset`` names, unless it exists. Returns whether it had to.

    "sample" has the default size, "sample-50000" has 50,000 users. Other datasets are left alone.
    Raises ParameterError if the name asks for too few users.
    """
    if not dataset.is_sample:
        return False
    users = dataset.name.removeprefix(SAMPLE).removeprefix("-")
    size = SampleSize.for_users(int(users)) if users else DEFAULT_SIZE
    complete = all((dataset.raw / name).is_file() for name in (REVIEWS, META, RECORD))
    if complete and read_json(dataset.raw / RECORD) == _record(size, seed):
        return False
    write_sample(dataset.raw, size, seed)
    return True


def _record(size: SampleSize, seed: int) -> dict[str, Any]:
    return {"generator": GENERATOR_VERSION, "size": asdict(size), "seed": seed}


def _meta_lines(
    catalogue: Catalogue, review_rows: pl.DataFrame, asins: pl.Series, rng: np.random.Generator
) -> Iterator[bytes]:
    """The lines of meta.jsonl, shuffled."""
    products = len(catalogue)
    product, rating = review_rows["product"].to_numpy(), review_rows["rating"].to_numpy()
    counts = np.bincount(product, minlength=products).tolist()
    sums = np.bincount(product, rating, minlength=products).tolist()
    listings = Listings(catalogue, int(rng.integers(2**32)))
    flaws = choose_flaws(products, rng).tolist()
    ids = asins[:products].to_list()
    for row in rng.permutation(products).tolist():
        mean = round(sums[row] / counts[row], 1) if counts[row] else None
        listing = listings.listing(row, ids[row], mean, counts[row])
        yield json.dumps(add_flaw(listing, flaws[row]), ensure_ascii=False).encode() + b"\n"


def _write_reviews(
    file: BinaryIO, lines: pl.DataFrame, renderer: Renderer, broken: int, rng: np.random.Generator
) -> None:
    """Write the lines in chunks, with broken ones in between."""
    models = lines[np.sort(rng.choice(len(lines), broken, replace=False))]
    text = renderer.render(models).write_ndjson()
    damaged = iter(break_lines([line.encode() for line in text.strip().split("\n")]))
    places = np.sort(rng.integers(len(lines), size=broken))
    for start in range(0, len(lines), _CHUNK):
        chunk = renderer.render(lines.slice(start, _CHUNK))
        inside = places[(places >= start) & (places < start + _CHUNK)] - start
        edges = [0, *inside.tolist(), len(chunk)]
        for low, high in pairwise(edges):
            chunk.slice(low, high - low).write_ndjson(file)
            if high < len(chunk):
                file.write(next(damaged) + b"\n")
