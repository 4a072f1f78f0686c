"""Who gets which arm of an experiment: the same people always the same, by a hash."""

from __future__ import annotations

import hashlib

CHAMPION, CHALLENGER = "champion", "challenger"
INTERLEAVED = "interleaved"
"""The arm of a list that both versions made; each item has its team."""
JOINED = "+"
"""Between the champion and the challenger, in the version of an interleaved list."""
NO_ARM = ""
"""The arm of a list for nobody in particular: it is part of no experiment."""
NO_TEAM = ""
"""Of an item that is in no interleaved list."""

_RANGE = 2**64


def arm_of(key: str | None, challenger: str, share: float) -> str:
    """The arm of a person.

    Parameters
    ----------
    key
        The user or session; None where nobody is known.
    challenger
        The version that is compared with the champion. Each one divides people anew, so that no
        group of them is always the first to try.
    share
        Of the people who get the challenger, from 0 to 1.

    Returns
    -------
    str
        CHAMPION, CHALLENGER or NO_ARM.

    Examples
    --------
    >>> [arm_of(user, "v2", 0.5) for user in ("ann", "bob", "cy")]
    ['champion', 'champion', 'challenger']
    >>> arm_of(None, "v2", 0.5)
    ''
    """
    if key is None:
        return NO_ARM
    digest = hashlib.blake2b(f"{challenger}\0{key}".encode(errors="replace"), digest_size=8)
    return CHALLENGER if int.from_bytes(digest.digest()) < share * _RANGE else CHAMPION
