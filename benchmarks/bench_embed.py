"""Encoding: ours beside SentenceTransformer.encode, in the same run, on the same texts.

The library runs as in most scripts: float32, batches of 256. Ours runs by torch in its fastest
precision, and by OpenVINO in float32 and int8. Two sets: short titles, and long texts up to the
model's limit of 256 tokens. Rounds alternate, so a busy machine slows all of them. Speeds are given
by the wall clock and by CPU time: tokens in a second of CPU time, and their share of what matrix
products alone allow in that precision, measured at the start on the shapes of the model. With
judged queries in ../shared/data the nDCG@10 of the vectors is compared, too.

python benchmarks/bench_embed.py [TEXTS]     texts in a set, 1000 by default
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import torch
from sentence_transformers import SentenceTransformer

from recsys_lib.columns import Products
from recsys_lib.data.etl import load_dataset
from recsys_lib.ids import IdMap
from recsys_lib.parameters import EmbedParameters, EtlParameters
from recsys_lib.paths import HOME_VARIABLE, Dataset
from recsys_lib.search import text_encoder
from recsys_lib.search._graphs import compiled, import_openvino
from recsys_lib.search._models import PACKAGED_MODEL, model_folder
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
_TOKENS, _IN, _OUT = 1024, 384, 1536  # the largest product of the model
_LIMIT_ROUNDS, _CALLS = 5, 10
_FLOP_PER_TOKEN = 2 * 6 * 12 * _IN**2  # six layers, each with weights of 12 times 384 squared
_LIBRARY = "library float32"

Encode = Callable[[list[str]], np.ndarray]


class _Seconds(NamedTuple):
    wall: float
    cpu: float


def main() -> None:
    """Print the limits, then the speeds and cosines for each set, then the quality."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        products = _products()
    limits = {precision: _gflops(precision) for precision in ("float32", "bfloat16", "int8")}
    shown = ", ".join(f"{precision} {limit:.0f}" for precision, limit in limits.items())
    print(f"matrix products, GFLOP in a second of CPU time: {shown}", flush=True)
    ways = _ways()
    for name, fields in {"titles": [Products.TITLE], "long texts": _FIELDS}.items():
        texts = [text for text in product_texts(products, fields) if text]
        _compare(name, [texts[row] for row in _spread(len(texts), n)], ways, limits)
    _compare_ranking(products, ways)


def _ways() -> dict[str, Encode]:
    """Each way to encode; the last word of its name is its precision."""
    library = SentenceTransformer(str(model_folder(PACKAGED_MODEL)), local_files_only=True)
    library.max_seq_length = _WINDOW
    ways: dict[str, Encode] = {
        _LIBRARY: lambda texts: library.encode(
            texts, batch_size=_BATCH_SIZE, show_progress_bar=False
        )
    }
    for backend, precision in (("torch", "auto"), ("openvino", "float32"), ("openvino", "int8")):
        given = {"backend": backend, "precision": precision, "max_tokens": _WINDOW}
        encoder = text_encoder(EmbedParameters.model_validate(given))
        ways[f"{backend} {encoder.precision}"] = encoder.encode
    return ways


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


def _gflops(precision: str) -> float:
    """Of products alone, in a second of CPU time: the fastest of some rounds."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((_TOKENS, _IN), dtype=np.float32)
    weights = rng.standard_normal((_OUT, _IN), dtype=np.float32)
    if precision == "bfloat16":
        work = _by_torch(x, weights)
    else:
        work = _by_openvino(x, weights, rounded=precision == "int8")
    return max(2 * _TOKENS * _IN * _OUT / _cpu_seconds(work) / 1e9 for _ in range(_LIMIT_ROUNDS))


def _cpu_seconds(work: Callable[[], Any]) -> float:
    """Of one call."""
    began = time.process_time()
    for _ in range(_CALLS):
        work()
    return (time.process_time() - began) / _CALLS


def _by_torch(x: np.ndarray, weights: np.ndarray) -> Callable[[], Any]:
    a, b = (torch.from_numpy(array).bfloat16() for array in (x, weights))
    return lambda: torch.nn.functional.linear(a, b)


def _by_openvino(x: np.ndarray, weights: np.ndarray, *, rounded: bool) -> Callable[[], Any]:
    op = import_openvino().opset15
    entering = op.parameter([_TOKENS, _IN], np.float32)
    left, right = entering, op.constant(weights)
    if rounded:
        low, high = op.constant(np.float32(-4)), op.constant(np.float32(4))
        left = op.fake_quantize(entering, low, high, low, high, 256)
        whole = op.constant(np.clip(np.round(weights * 30), -127, 127).astype(np.int8))
        right = op.multiply(op.convert(whole, "f32"), op.constant(np.float32(1 / 30)))
    made = op.matmul(left, right, False, True)
    graph = compiled(import_openvino().Model([made], [entering], "product"), 1)
    return lambda: graph([x])


def _compare(
    name: str, texts: list[str], ways: dict[str, Encode], limits: dict[str, float]
) -> None:
    encoder = text_encoder(EmbedParameters(backend="openvino", max_tokens=_WINDOW))
    tokens = int(np.minimum(encoder.token_counts(texts), _WINDOW).sum())
    print(f"{name}: {len(texts):,} texts of {tokens / len(texts):.0f} tokens on average")
    seconds: dict[str, list[_Seconds]] = {way: [] for way in ways}
    vectors = {}
    for _ in range(_ROUNDS):
        for way, encode in ways.items():
            vectors[way], taken = _timed(encode, texts)
            seconds[way].append(taken)
    for way, rounds in seconds.items():
        wall, cpu = (statistics.median(values) for values in zip(*rounds, strict=True))
        pairs = zip(seconds[_LIBRARY], rounds, strict=True)
        faster = statistics.median(theirs.cpu / mine.cpu for theirs, mine in pairs)
        share = tokens / cpu * _FLOP_PER_TOKEN / 1e9 / limits[way.split()[-1]]
        cosines = np.einsum("nd,nd->n", vectors[_LIBRARY], vectors[way])
        print(
            f"  {way:<18} {len(texts) / wall:7.0f} texts/s, {tokens / cpu:7.0f} tokens in a CPU "
            f"second ({share:4.0%} of the limit, {faster:.2f} times the library), "
            f"cosine {cosines.mean():.4f}, {cosines.min():.4f} at least",
            flush=True,
        )


def _compare_ranking(products: pl.DataFrame, ways: dict[str, Encode]) -> None:
    """Compare semantic search by titles alone on judged queries, among the judged products."""
    if not _ICECAT.is_dir():
        print(f"no judged queries: {_ICECAT} does not exist")
        return
    names = {"item_id": "docid", "rating": "final_rating"}
    every = read_qrels(_ICECAT / "judgments.csv", names, IdMap(products[Products.ITEM]))
    judged = sorted({row for grades in every.grades for row in grades})
    products = products[judged]
    qrels = read_qrels(_ICECAT / "judgments.csv", names, IdMap(products[Products.ITEM]))
    titles = [title or "-" for title in products[Products.TITLE]]
    for way, encode in ways.items():
        scores = encode(list(qrels.queries)) @ encode(titles).T
        lists = np.argsort(-scores, axis=1, kind="stable")
        values = [ndcg(rows, g, 10) for rows, g in zip(lists, qrels.grades, strict=True)]
        print(f"nDCG@10 of titles, {way}: {np.nanmean(values):.4f}", flush=True)


def _timed(encode: Encode, texts: list[str]) -> tuple[np.ndarray, _Seconds]:
    wall, cpu = time.perf_counter(), time.process_time()
    made = encode(texts)
    return made, _Seconds(time.perf_counter() - wall, time.process_time() - cpu)


def _spread(n: int, wanted: int) -> np.ndarray:
    return np.linspace(0, n - 1, min(n, wanted), dtype=int)


if __name__ == "__main__":
    main()
