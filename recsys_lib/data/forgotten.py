"""Who is forgotten: a list that says of an id whether it is on it, and of nobody who is.

Ids are kept as salted hashes, so that the same files can be read again without the persons. Whoever
has the list and guesses an id can confirm the guess, which no such list can prevent.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.errors import ArtifactError
from recsys_lib.files import read_json, write_json
from recsys_lib.paths import FORGOTTEN_FILE

_SALT_BYTES, _DIGEST_BYTES = 16, 16
_WORDS = re.compile(r"'([^']*)'|\"([^\"]*)\"|([^\s'\",;:{}\[\]()]+)")


@dataclass(frozen=True)
class Forgotten:
    """The list of one dataset.

    Parameters
    ----------
    salt: hex; of this dataset alone.
    digests: hex, of the forgotten users.

    Examples
    --------
    >>> forgotten = Forgotten().with_users(["ann"])
    >>> forgotten.has("ann"), forgotten.has("bob"), "ann" in str(forgotten)
    (True, False, False)
    """

    salt: str = ""
    digests: frozenset[str] = frozenset()

    @classmethod
    def load(cls, folder: Path) -> Forgotten:
        """The list in the folder of a dataset's updates; empty where nobody is forgotten."""
        path = folder / FORGOTTEN_FILE
        try:
            stored = read_json(path)
            return cls(str(stored["salt"]), frozenset(map(str, stored["users"])))
        except FileNotFoundError:
            return cls()
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                f"{path} is damaged ({error}): restore it, since without it users who are "
                "forgotten would be read again"
            ) from error

    def save(self, folder: Path) -> None:
        """Write the list in one move."""
        write_json(folder / FORGOTTEN_FILE, {"salt": self.salt, "users": sorted(self.digests)})

    def __len__(self) -> int:
        return len(self.digests)

    def with_users(self, users: Iterable[str]) -> Forgotten:
        """The list with more users."""
        salted = Forgotten(self.salt or secrets.token_hex(_SALT_BYTES), self.digests)
        return Forgotten(salted.salt, salted.digests | {salted._digest(user) for user in users})

    def has(self, user: str) -> bool:
        """Whether a user is forgotten."""
        return bool(self.digests) and self._digest(user) in self.digests

    def without(self, rows: pl.DataFrame, column: str = Ratings.USER) -> pl.DataFrame:
        """The rows of all other users."""
        if not self.digests:
            return rows
        users = rows[column].unique().drop_nulls()
        mine = [user for user in users.to_list() if self._digest(user) in self.digests]
        return rows.filter(~pl.col(column).is_in(mine)) if mine else rows

    def names(self, text: str) -> bool:
        """Whether a word of a text is the id of a forgotten user."""
        return bool(self.digests) and any(
            self.has(word) for words in _WORDS.findall(text) for word in words if word
        )

    def _digest(self, user: str) -> str:
        return hashlib.blake2b(
            user.encode(), digest_size=_DIGEST_BYTES, key=bytes.fromhex(self.salt)
        ).hexdigest()
