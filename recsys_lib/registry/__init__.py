"""Model versions on disk: their parts and manifests, the champion, and the gate before it.

A version is a folder ``models/<dataset>/<version>/``. This package owns every file name in it,
``champion.json`` beside it, which names the version that is served, and ``history.jsonl``, which
says what was served when.

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
    from recsys_lib.registry.changes import Change, Live
    from recsys_lib.registry.gate import Verdict
    from recsys_lib.registry.history import History, read_history
    from recsys_lib.registry.history_file import HISTORY
    from recsys_lib.registry.manifest import VerifiedPart, read_manifest
    from recsys_lib.registry.promotion import BY_VARIABLE, against_champion, promote
    from recsys_lib.registry.publishing import publish
    from recsys_lib.registry.rollbacks import Rollback, rollback
    from recsys_lib.registry.updates import UPDATE, publish_update, trained_version, update_name
    from recsys_lib.registry.versions import (
        FIRST_SEARCH,
        adopt,
        is_first_search,
        published_versions,
        remove_first_searches,
        removed_champion,
        require_champion,
        run_command,
        verify,
    )

__all__ = [
    "ALS_PART",
    "BLEND_PART",
    "BY_VARIABLE",
    "CHAMPION",
    "EVALUATION",
    "FIRST_SEARCH",
    "HISTORY",
    "INDEX_FILE",
    "ITEM_FACTORS_FILE",
    "MANIFEST",
    "METRICS_FILE",
    "PARTS",
    "PART_MANIFEST",
    "PER_USER_FILE",
    "SEARCH_PART",
    "UPDATE",
    "Change",
    "Choice",
    "History",
    "Live",
    "Part",
    "Rollback",
    "Verdict",
    "VerifiedPart",
    "adopt",
    "against_champion",
    "champion",
    "choice",
    "content_digest",
    "has_part",
    "is_first_search",
    "promote",
    "publish",
    "publish_update",
    "published_versions",
    "read_history",
    "read_manifest",
    "remove_first_searches",
    "removed_champion",
    "require_champion",
    "rollback",
    "run_command",
    "trained_version",
    "update_name",
    "verify",
    "writing_part",
]


_HOMES = {
    "BY_VARIABLE": "promotion",
    "Change": "changes",
    "HISTORY": "history_file",
    "History": "history",
    "Live": "changes",
    "Rollback": "rollbacks",
    "UPDATE": "updates",
    "Verdict": "gate",
    "VerifiedPart": "manifest",
    "against_champion": "promotion",
    "promote": "promotion",
    "publish": "publishing",
    "publish_update": "updates",
    "read_history": "history",
    "read_manifest": "manifest",
    "rollback": "rollbacks",
    "trained_version": "updates",
    "update_name": "updates",
}
"""Modules of names that steps do not use; the others are in ``versions``."""


def __getattr__(name: str) -> Any:
    """Import what steps do not use when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  # see the docstring

    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'versions')}"), name)
