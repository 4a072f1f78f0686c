"""Whether somebody looks at a notebook while it runs."""

from __future__ import annotations

import os

from IPython.core.getipython import get_ipython

_CELL = "cellId"
"""JupyterLab says with each request which cell asks; papermill and nbconvert do not."""


def is_watched() -> bool:
    """Whether the running cell was run in JupyterLab, or for a page of Voila."""
    if os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
        return True
    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is not None and _CELL in kernel.get_parent("shell").get("metadata", {})
