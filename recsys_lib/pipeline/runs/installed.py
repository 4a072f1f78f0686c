"""What is known about installed packages, from the heads of their metadata.

``importlib.metadata`` parses the whole file like a letter, its long description, too: for the
packages of a step that takes as long as everything else in a run without work.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import metadata

_FILES = ("METADATA", "PKG-INFO")
_VERSION = re.compile(r"^Version:[ \t]*(\S+)", re.MULTILINE | re.IGNORECASE)
_NEEDS = re.compile(r"^Requires-Dist:[ \t]*(.+)", re.MULTILINE | re.IGNORECASE)
_FOLDED = re.compile(r"\r?\n[ \t]+")


def installed_version(package: str) -> str:
    """The version of a package; PackageNotFoundError if it is not installed."""
    found = _VERSION.search(_head(package))
    return found[1] if found else metadata.version(package)


def requirements(package: str) -> list[str]:
    """What a package needs, as in its metadata."""
    return [need.strip() for need in _NEEDS.findall(_head(package))]


@cache
def _head(package: str) -> str:
    """The header fields, each on one line; the description begins after the first empty line."""
    distribution = metadata.distribution(package)
    texts = (distribution.read_text(name) for name in _FILES)
    text = next(filter(None, texts), "").replace("\r\n", "\n")
    return _FOLDED.sub(" ", text.partition("\n\n")[0])
