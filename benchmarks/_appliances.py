"""A dataset of the size of Amazon Appliances, generated and trained once, and then reused.

It lies in the folder that RECSYS_BENCH_HOME names, ~/.cache/recsys-bench by default; delete it to
train again. So that this takes minutes, 300 of the texts are encoded; the vectors of the others
lie between those of two of them each. ALS has 5 iterations, and the blend learns from 2,000 users,
without the sequence model. Queries are really encoded.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from recsys_lib import Recommender
from recsys_lib.data.database import read_products
from recsys_lib.errors import RecsysError
from recsys_lib.parameters import EmbedParameters
from recsys_lib.paths import EMBEDDING_CACHE_FILE, HOME_VARIABLE, Dataset
from recsys_lib.search import ProductSearch, product_texts, text_encoder

APPLIANCES = "sample-1690000"
_SETTINGS = (
    "als.iterations=5",
    "evaluate.max_users=2000",
    "evaluate.blend_users=2000",
    "evaluate.sequence=off",
)
_ENCODED, _SEED = 300, 7
_BENCH_HOME = "RECSYS_BENCH_HOME"


def appliances() -> Recommender:
    """The champion; it is trained when there is none yet."""
    home = use_home()
    try:
        return Recommender.load(dataset=APPLIANCES)
    except RecsysError as error:
        print(f"{error}\ntraining {APPLIANCES} in {home}", flush=True)
    run_pipeline("etl", "als")
    fill_cache(Dataset.find(APPLIANCES))
    run_pipeline()
    return Recommender.load(dataset=APPLIANCES)


def use_home() -> Path:
    """The folder of the dataset, as that of all workspaces of this process and its children."""
    home = Path(os.environ.get(_BENCH_HOME) or Path.home() / ".cache" / "recsys-bench")
    os.environ[HOME_VARIABLE] = str(home)
    home.mkdir(parents=True, exist_ok=True)
    return home


def mixtures(base: np.ndarray, n: int) -> np.ndarray:
    """``n`` vectors of length 1 between two rows of ``base`` each, with some noise."""
    rng = np.random.default_rng(_SEED)
    first, second = rng.integers(len(base), size=(2, n))
    way = rng.random((n, 1), dtype=np.float32)
    vectors = base[first]
    vectors += way * (base[second] - base[first])
    vectors += rng.standard_normal(vectors.shape, dtype=np.float32) * np.float32(0.01)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def pieces_of_titles(search: ProductSearch, n: int, rng: np.random.Generator) -> list[str]:
    """Queries of two to five neighbouring words of random titles."""
    queries = []
    for title in search.names[rng.integers(0, len(search), n)].to_list():
        words = title.split()
        start = int(rng.integers(max(1, len(words) - 4)))
        queries.append(" ".join(words[start : start + int(rng.integers(2, 6))]))
    return queries


def run_pipeline(*steps: str) -> None:
    """Run some steps, or all; the settings of others are refused."""
    given = [setting for setting in _SETTINGS if not steps or setting.split(".")[0] in steps]
    settings = [part for setting in given for part in ("--set", setting)]
    only = ["--steps", ",".join(steps)] if steps else []
    pipeline = Path(__file__).parent.parent / "run_pipeline.py"
    command = [sys.executable, str(pipeline), "--set", f"dataset={APPLIANCES}", "--jobs", "1"]
    subprocess.run([*command, "--quiet", *settings, *only], check=True)


def fill_cache(dataset: Dataset) -> None:
    """Put vectors of all texts into the cache of the embed step."""
    parameters = EmbedParameters()
    texts = product_texts(read_products(dataset.database), parameters.fields)
    encoder = text_encoder(parameters)
    cut = list(dict.fromkeys(encoder.cut(text) for text in texts if text))
    base = encoder.encode(cut[:: max(1, len(cut) // _ENCODED)], show_progress=True)
    encoder.cache(dataset.processed / EMBEDDING_CACHE_FILE).put(cut, mixtures(base, len(cut)))
