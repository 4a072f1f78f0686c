"""Encoding: ours beside SentenceTransformer.encode, in the same run, on the same texts.

The library runs as in most scripts: float32, batches of 256. Ours uses the precision in which the
processor is fast. Two sets: short titles, and long texts up to the model's limit of 256 tokens.
Rounds alternate, so a busy machine slows both, and their ratio counts. With judged queries in
../shared/data the nDCG@10 of both kinds of vectors is compared, too.

python benchmarks/bench_embed.py [TEXTS]     texts in a set, 1000 by default
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from sentence_transformers import SentenceTransformer

from recsys_lib.columns import Products
from recsys_lib.data.etl import load_dataset
from recsys_lib.ids import IdMap
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import HOME_VARIABLE, Dataset
from recsys_lib.search._models import PACKAGED_MODEL, model_folder
from recsys_lib.search.encoder import TextEncoder
from recsys_lib.search.quality import ndcg, read_qrels
from recsys_lib.search.text import product_texts

_ICECAT = Path(__file__).resolve().parents[2] / "shared" / "data" / "icecat_search"
_WINDOW, _BATCH_SIZE = 256, 256
_ROUNDS = 3
_FIELDS = [
    Products.TITLE,
    Products.FEATURES,
    Products.STORE,
    Products.DESCRIPTION,
    Products.DETAILS,
]


def main() -> None:
    """Print texts per second of both, and their ratio, for each set."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        products = _products()
    library = SentenceTransformer(str(model_folder(PACKAGED_MODEL)), local_files_only=True)
    library.max_seq_length = _WINDOW
    ours = TextEncoder(PACKAGED_MODEL, precision="auto", max_tokens=_WINDOW, batch_tokens=0)
    sets = {"titles": [Products.TITLE], "long texts": _FIELDS}
    for name, fields in sets.items():
        texts = [text for text in product_texts(products, fields) if text]
        _compare(name, [texts[row] for row in _spread(len(texts), n)], library, ours)
    _compare_ranking(products, library, ours)


def _products() -> pl.DataFrame:
    """Real products where they are available, else those of the sample."""
    if not _ICECAT.is_dir():
        return load_dataset(Dataset.find("sample"), EtlParameters()).catalogue.frame
    columns = {"user_id": "query", "parent_asin": "docid", "rating": "", "timestamp": ""}
    product_columns = {"title": "title", "features": "short_description", "details": "attr_t_*"}
    parameters = EtlParameters(
        reviews="judgments.csv", columns=columns, product_columns=product_columns
    )
    return load_dataset(Dataset.find(_ICECAT), parameters).catalogue.frame


def _compare(name: str, texts: list[str], library: SentenceTransformer, ours: TextEncoder) -> None:
    tokens = np.minimum(ours.token_counts(texts), _WINDOW).mean()
    print(f"{name}: {len(texts):,} texts of {tokens:.0f} tokens on average")
    seconds: dict[str, list[float]] = {"library": [], "ours": []}
    for _ in range(_ROUNDS):
        theirs = _timed(
            seconds["library"],
            lambda: library.encode(texts, batch_size=_BATCH_SIZE, show_progress_bar=False),
        )
        mine = _timed(seconds["ours"], lambda: ours.encode(texts))
    cosines = np.einsum("nd,nd->n", theirs, mine)
    for way, label in (("library", "float32, batches of 256"), ("ours", ours.precision)):
        speed = len(texts) / statistics.median(seconds[way])
        print(f"  {way:<8} {label:<24} {speed:8.0f} texts/s", flush=True)
    pairs = zip(seconds["library"], seconds["ours"], strict=True)
    ratio = statistics.median(a / b for a, b in pairs)
    print(
        f"  ours is {ratio:.2f} times as fast; cosine to float32 {cosines.mean():.5f} on average, "
        f"{cosines.min():.5f} at least",
        flush=True,
    )


def _compare_ranking(
    products: pl.DataFrame, library: SentenceTransformer, ours: TextEncoder
) -> None:
    """Compare semantic search by titles alone on judged queries."""
    if not _ICECAT.is_dir():
        print(f"no judged queries: {_ICECAT} does not exist")
        return
    items = IdMap(products[Products.ITEM])
    qrels = read_qrels(
        _ICECAT / "judgments.csv", {"item_id": "docid", "rating": "final_rating"}, items
    )
    titles = [title or "-" for title in products[Products.TITLE]]
    theirs = library.encode(titles, batch_size=_BATCH_SIZE, show_progress_bar=False)
    mine = ours.encode(titles)
    asked = {"float32": library.encode, ours.precision: ours.encode}
    for (label, encode), vectors in zip(asked.items(), (theirs, mine), strict=True):
        lists = np.argsort(-(encode(qrels.queries) @ vectors.T), axis=1, kind="stable")
        values = [ndcg(rows, g, 10) for rows, g in zip(lists, qrels.grades, strict=True)]
        print(f"nDCG@10 of titles by {label} vectors: {np.nanmean(values):.4f}")


def _timed(seconds: list[float], work):  # type: ignore[no-untyped-def]
    started = time.perf_counter()
    result = work()
    seconds.append(time.perf_counter() - started)
    return result


def _spread(n: int, wanted: int) -> np.ndarray:
    return np.linspace(0, n - 1, min(n, wanted), dtype=int)


if __name__ == "__main__":
    main()
