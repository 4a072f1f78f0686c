"""How the programs of this project are called here: messages name what works when it is copied."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

_PIPELINE = Path(__file__).resolve().parent.parent / "run_pipeline.py"
_QUOTED = re.compile(r"(?<=['`])(recsys|python run_pipeline\.py)(?=[ '`])")


def recsys() -> str:
    """``recsys`` where a shell finds it in this environment, else the path to it."""
    return _program("recsys") or f"{python()} -m recsys_lib.cli"


def python() -> str:
    """``python`` where a shell finds that of this environment, else the path to it."""
    return _program("python") or shlex.quote(sys.executable)


def pipeline() -> str:
    """What runs the pipeline: this Python, and ``run_pipeline.py``."""
    return f"{python()} {_shown(_PIPELINE)}"


def runnable(text: str) -> str:
    """A message in which quoted commands are as one types them here.

    Messages of the library say ``'recsys ...'`` and ``'python run_pipeline.py ...'``, since it does
    not know where they are read. In a terminal of this environment they are made to work.
    """
    return _QUOTED.sub(lambda found: recsys() if found[1] == "recsys" else pipeline(), text)


def _program(name: str) -> str | None:
    """A program of this environment by its name or its path; None where there is none."""
    own, found = Path(sys.executable).parent / name, shutil.which(name)
    if not own.is_file():
        return None
    if found is not None and Path(found).parent.resolve() == own.parent.resolve():
        return name
    return _shown(own)


def _shown(path: Path) -> str:
    """A path, relative where it lies below the current folder."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
