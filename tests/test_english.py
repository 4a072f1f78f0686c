"""Wording that readers stumble over stays out of everything that people read."""

from __future__ import annotations

import io
import json
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

from recsys_lib.paths import project_root

ROOT = project_root()

BANNED = {
    r"\bbr(ing|ings|ought|inging) about\b": "run, execute",
    r"\bcontestants?\b": "compared models",
    r"\bingredients?\b": "cache key",
    r"\boutlasts?\b": "all_cores",
    r"\bAlbum\b": "a standard name",
    r"\bset aside\b": "rejected",
    r"\bthan the served\b(?! (one|model)\b)": "compared with the served model",
    r"\btrial are\b": "trial is",
    r"\bhalf for so many\b": "half-life",
    r"\b(0|none|''): (alike|never|not at all|all of them|leave them)\b": "(0 = off)",
    r"\b(in|after|at most|up to|with|so|for) so many\b": "this many, at most N",
    r"\bof before\b": "earlier",
    r"\bof it start-up\b": "start-up included",
    r"\b(which|that) else\b": "otherwise",
    r"\belse (takes|opens?|opened|goes)\b": "otherwise",
    r"\bhas the last word\b": "re-ranks",
    r"\bpeople who say nothing\b": "users without held-out items",
    r"\bfrom here on\b": "at least this value",
    r"\btakes? part\b": "is included",
    r"\bknown by themselves\b": "detected",
    r"\bthere is nothing to go on with\b": "nothing to resume",
    r"\bgo(es)? on by itself\b": "is resumed",
    r"\bis being worked on by\b": "is in use by",
    r"\bwhat is not known\b": "unknown values",
    r"\blet(s)? (it|them|signals) (interrupt|be served)\b": "allow",
    r"\bmade of somebody's\b": "how files are read",
    r"\bwhat (there is|was trained|is there)\b": "name the thing",
    r"\bdoes no harm\b": "is safe",
    r"\bputs? in order\b": "sorts",
}
"""Shape -> what to write instead."""


def strings_and_comments(path: Path) -> str:
    """Everything in a module that is not code: docstrings, messages, comments."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    kinds = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    return "\n".join(token.string for token in tokens if token.type in kinds)


def cells(path: Path) -> str:
    return "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"])


@cache
def texts() -> dict[str, str]:
    found = {}
    for path in sorted((ROOT / "recsys_lib").rglob("*.py")):
        if "sample" not in path.parts:  # the language of its generated products is free
            found[path.relative_to(ROOT).as_posix()] = strings_and_comments(path)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        found[path.name] = cells(path)
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    for path in [*documents, *(ROOT / "recsys_lib").rglob("*.j2"), ROOT / "run_pipeline.py"]:
        found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
    return found


@pytest.mark.parametrize("shape", BANNED, ids=list(BANNED.values()))
def test_no_banned_wording(shape):
    pattern = re.compile(shape.replace(" ", r"\s+"), re.IGNORECASE | re.MULTILINE)
    hits = [
        f"{name}: {match[0]!r}"
        for name, text in texts().items()
        for match in pattern.finditer(text)
    ]
    assert not hits, f"write {BANNED[shape]!r} instead: {hits}"


def test_the_shapes_match_the_sentences_they_were_made_for():
    for sentence in (
        "in a query an item counts half for so many newer ones; 0: alike",
        "the first trial are the defaults",
        "of it start-up",
        "Than the served",
    ):
        assert any(re.search(shape, sentence, re.IGNORECASE) for shape in BANNED), sentence
