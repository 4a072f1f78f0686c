"""Model versions on disk: their parts and manifests, the champion, and the gate before it.

A version is a folder ``models/<dataset>/<version>/``. This package owns every file name in it and
``champion.json`` beside it, which names the version that is served.

Steps import ``registry.parts``, so that the step cache runs them again only when that module
changes; everything else imports from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys_lib.registry.parts import (
    ALS_PART,
    BLEND_PART,
    CHAMPION,
    EVALUATION,
    INDEX_FILE,
    ITEM_FACTORS_FILE,
    MANIFEST,
    METRICS_FILE,
    PART_MANIFEST,
    PARTS,
    PER_USER_FILE,
    SEARCH_PART,
    Choice,
    Part,
    champion,
    choice,
    content_digest,
    has_part,
    writing_part,
)

if TYPE_CHECKING:
    from recsys_lib.registry.gate import Verdict
    from recsys_lib.registry.manifest import VerifiedPart, read_manifest
    from recsys_lib.registry.versions import (
        adopt,
        against_champion,
        promote,
        publish,
        published_versions,
        removed_champion,
        require_champion,
        run_command,
        verify,
    )

__all__ = [
    "ALS_PART",
    "BLEND_PART",
    "CHAMPION",
    "EVALUATION",
    "INDEX_FILE",
    "ITEM_FACTORS_FILE",
    "MANIFEST",
    "METRICS_FILE",
    "PARTS",
    "PART_MANIFEST",
    "PER_USER_FILE",
    "SEARCH_PART",
    "Choice",
    "Part",
    "Verdict",
    "VerifiedPart",
    "adopt",
    "against_champion",
    "champion",
    "choice",
    "content_digest",
    "has_part",
    "promote",
    "publish",
    "published_versions",
    "read_manifest",
    "removed_champion",
    "require_champion",
    "run_command",
    "verify",
    "writing_part",
]


def __getattr__(name: str) -> Any:
    """Import what steps do not use when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from recsys_lib.registry import gate, manifest, versions  # noqa: PLC0415  # see the docstring

    homes = {"Verdict": gate, "VerifiedPart": manifest, "read_manifest": manifest}
    return getattr(homes.get(name, versions), name)
