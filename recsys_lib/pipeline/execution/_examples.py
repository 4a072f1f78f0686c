"""People whom a version serves, asked of it in a process of its own, and kept with the run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from recsys_lib.errors import ArtifactError, StorageError
from recsys_lib.files import read_json, write_json
from recsys_lib.imports import ONE_THREAD
from recsys_lib.paths import project_root
from recsys_lib.pipeline.runs.record import EXAMPLES
from recsys_lib.registry import (
    ALS_PART,
    BLEND_PART,
    PART_MANIFEST,
    PARTS,
    SEARCH_PART,
    content_digest,
    has_part,
)

_MODULE = "recsys_lib.serving.examples"
_MOST_SECONDS = 120.0
_PARTS = "parts"


class ExampleProcess:
    """Answers of one version, in a process that may be started before the version is there.

    The models need not fit into this process, and a failure of theirs does not end the run.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Let it import what it needs, which takes longer than the answers."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE],
                cwd=project_root(),
                env={**os.environ, **dict([ONE_THREAD])},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,  # Ctrl-C is for the run, which ends this process itself
            )

    def ask(self, version: Path) -> dict[str, Any]:
        """The examples of a version; ArtifactError with the reason where there are none."""
        self.start()
        assert self._process is not None
        try:
            out, err = self._process.communicate(f"{version}\n", timeout=_MOST_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise ArtifactError(f"no answer within {_MOST_SECONDS:.0f} s") from error
        finally:
            code = self.stop()
        if code:
            raise ArtifactError((err.strip().splitlines() or [f"exit code {code}"])[-1])
        examples: dict[str, Any] = json.loads(out)
        return examples

    def stop(self) -> int:
        """End the process, if there is one; returns its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.poll() is None:
            process.kill()
        with process:  # closes the pipes and waits
            pass
        return process.returncode


def wanted(version: Path) -> bool:
    """Whether a version answers as it will be served: evaluated, or a catalogue alone."""
    if not has_part(version, ALS_PART):
        return has_part(version, SEARCH_PART)
    return has_part(version, BLEND_PART)


def keep_examples(
    process: ExampleProcess, version: Path, folder: Path, previous: Path | None
) -> None:
    """Write the examples of a version into a run's folder; those of an equal version are taken.

    Raises ArtifactError where the version gives no answer, StorageError where none can be written.
    """
    parts = {
        part: content_digest(version / part / PART_MANIFEST)
        for part in PARTS
        if has_part(version, part)
    }
    known = _stored(previous) if previous is not None else {}
    if known.get(_PARTS) != parts:
        known = {_PARTS: parts, **process.ask(version)}
    try:
        write_json(folder / EXAMPLES, known)
    except OSError as error:
        raise StorageError(str(error)) from error


def _stored(folder: Path) -> dict[str, Any]:
    try:
        stored = read_json(folder / EXAMPLES)
    except (OSError, ValueError):  # none was kept, or it is damaged: it is made anew
        return {}
    return stored if isinstance(stored, dict) else {}
