"""Worlds that many tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace: data/, models/ and outputs/ of this test alone."""
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def real_data() -> Path:
    """The folder of real datasets; the test is skipped where there is none."""
    if not SHARED.is_dir():
        pytest.skip(f"real data is not here: {SHARED}")
    return SHARED
