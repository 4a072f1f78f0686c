"""The vector of every token of a model's vocabulary, made once on each machine."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np

from recsys_lib.errors import StorageError
from recsys_lib.files import fingerprint, replacing
from recsys_lib.machine_cache import cache_of_machine
from recsys_lib.processors import processors
from recsys_lib.search._bert import Bert
from recsys_lib.search._bert_tokens import TOKENIZER_FILE, BertTokens
from recsys_lib.search._graphs import compiled, padded

_AT_ONCE = 512
_DIMENSIONS_OF_ONE_COMMON = 100


def token_vectors(folder: Path, weights: str) -> np.ndarray:
    """Vectors of the tokens, each encoded alone, less the directions that nearly all share.

    Without these, cosines tell similar from other texts better: Mu and Viswanath, "All-but-the-Top"
    (2018), which removes one of a hundred dimensions.

    Parameters
    ----------
    folder: of a BERT model, for which :func:`recsys_lib.search._bert.why_not` is "".
    weights: SHA-256 of the model's weights.

    Returns
    -------
    float32, shape (tokens, dimension).
    """
    tokens = fingerprint(folder / TOKENIZER_FILE)
    file = cache_of_machine("token-vectors") / f"{weights[:32]}-{tokens[:32]}.npy"
    made = _stored(file)
    if made is None:
        made = _encoded(folder)
        _store(made, file)
    return _without_common(made.astype(np.float32))


def _encoded(folder: Path) -> np.ndarray:
    """Each token between the end marks, through the model: float16, shape (tokens, dimension)."""
    bert = Bert(folder)
    tokens = BertTokens(folder, bert.max_tokens)
    first, last = tokens.ids([""])[0]
    n = tokens.library.get_vocab_size()
    model = compiled(bert.graph(), processors())
    vectors = np.empty((n, bert.dimension), dtype=np.float16)
    for start in range(0, n, _AT_ONCE):
        ids = range(start, min(start + _AT_ONCE, n))
        vectors[start : ids.stop] = model(padded([[first, token, last] for token in ids]))[0]
    return vectors


def _without_common(vectors: np.ndarray) -> np.ndarray:
    centred = vectors - vectors.mean(axis=0)
    n_common = vectors.shape[1] // _DIMENSIONS_OF_ONE_COMMON
    _, directions = np.linalg.eigh(centred.T @ centred)  # the most common one comes last
    common = directions[:, directions.shape[1] - n_common :]
    made: np.ndarray = centred - (centred @ common) @ common.T
    return made


def _stored(file: Path) -> np.ndarray | None:
    """What was stored; None where nothing was, or it is damaged, since it can be made again."""
    with suppress(OSError, ValueError, EOFError):
        vectors: np.ndarray = np.load(file, allow_pickle=False)
        if vectors.ndim == 2 and np.isfinite(vectors).all():
            return vectors
    return None


def _store(vectors: np.ndarray, file: Path) -> None:
    """In one rename, since several processes may make it; on a full disk it is made each time."""
    with suppress(StorageError), replacing(file) as temporary, temporary.open("wb") as out:
        np.save(out, vectors)
