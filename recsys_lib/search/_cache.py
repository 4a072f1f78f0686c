"""Vectors of texts that were encoded before, so that only new and changed texts are encoded.

One SQLite file per dataset. The key of a vector is a hash of everything that shapes it: the
fingerprint of the model, the precision, the maximum of tokens, and the text. Every batch is
committed, so a killed run continues where it stopped.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from recsys_lib.errors import ArtifactError

_KEY_BYTES = 16
_KEYS_PER_QUERY = 500
_TABLE = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID"


class EmbeddingCache:
    """Vectors by their text, for one way of encoding.

    Parameters
    ----------
    path: the SQLite file; created when it is missing.
    recipe: names everything besides the text that shapes a vector.
    """

    def __init__(self, path: Path, recipe: str) -> None:
        self.path, self._recipe = path, recipe.encode()

    def key(self, text: str) -> bytes:
        """Key of a text's vector."""
        digest = hashlib.blake2b(self._recipe, digest_size=_KEY_BYTES)
        digest.update(b"\0" + text.encode())
        return digest.digest()

    def get(self, texts: Sequence[str], dimension: int) -> dict[int, np.ndarray]:
        """Vectors of the known texts, float32, by the position of the text."""
        positions = {self.key(text): position for position, text in enumerate(texts)}
        keys = sorted(positions)  # as they lie in the file, so that each page is read once
        found = {}
        with self._connection() as connection:
            for start in range(0, len(keys), _KEYS_PER_QUERY):
                some = keys[start : start + _KEYS_PER_QUERY]
                marks = ", ".join("?" * len(some))
                rows = connection.execute(
                    f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some
                )
                for key, vector in rows:
                    found[positions[key]] = self._vector(vector, dimension)
        return found

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Those of the texts, without repetition, whose vectors are not known."""
        text_of = {self.key(text): text for text in texts}
        keys = list(text_of)
        with self._connection() as connection:
            for start in range(0, len(keys), _KEYS_PER_QUERY):
                some = keys[start : start + _KEYS_PER_QUERY]
                marks = ", ".join("?" * len(some))
                for (key,) in connection.execute(
                    f"SELECT key FROM vectors WHERE key IN ({marks})", some
                ):
                    del text_of[key]
        return list(text_of.values())

    def put(self, texts: Sequence[str], vectors: np.ndarray) -> None:
        """Store vectors, float32, shape (texts, dimension); all of them or none."""
        rows = ((self.key(t), v.tobytes()) for t, v in zip(texts, vectors, strict=True))
        with self._connection() as connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def prune(self, texts: Sequence[str]) -> None:
        """Delete the vectors of all other texts, once they are more than half of the cache.

        Only for the owner of the cache, who knows all texts that will be encoded again.
        """
        with self._connection() as connection:
            (known,) = connection.execute("SELECT COUNT(*) FROM vectors").fetchone()
            if known <= 2 * len(texts):
                return
            connection.execute("CREATE TEMP TABLE used (key BLOB PRIMARY KEY) WITHOUT ROWID")
            keys = ((self.key(text),) for text in texts)
            connection.executemany("INSERT OR IGNORE INTO used VALUES (?)", keys)
            connection.execute("DELETE FROM vectors WHERE key NOT IN (SELECT key FROM used)")
        with self._connection() as connection:
            connection.execute("VACUUM")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """An open file; what was written is committed when the block ends without an error."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(self.path, timeout=60)) as connection:
                connection.execute(_TABLE)
                with connection:
                    yield connection
        except sqlite3.DatabaseError as error:
            raise ArtifactError(
                f"{self.path} cannot be used ({error}): delete it, or free some disk space; "
                "the texts will be encoded again"
            ) from error

    def _vector(self, stored: bytes, dimension: int) -> np.ndarray:
        vector = np.frombuffer(stored, dtype=np.float32)
        if len(vector) != dimension:
            raise ArtifactError(f"{self.path} holds a vector of {len(vector)} numbers: delete it")
        return vector
