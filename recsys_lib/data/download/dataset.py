"""A published dataset, from its name to its folder in data/raw/."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from recsys_lib.data.download.archive import unpack
from recsys_lib.data.download.fetch import Fetch, OnBytes, Patience, fetch_text
from recsys_lib.data.download.published import Published, published
from recsys_lib.errors import InputDataError
from recsys_lib.files import replacing_folder
from recsys_lib.paths import Dataset

_MD5 = re.compile(r"\b[0-9a-f]{32}\b")


def download(
    name: str,
    *,
    base_url: str = "",
    root: Path | None = None,
    force: bool = False,
    quiet: bool = False,
    patience: Patience = Patience(),  # noqa: B008  # it is frozen
) -> Path:
    """Fetch a dataset such as ``amazon2023:Appliances``; returns its folder in data/raw/.

    What is there already is not fetched again, unless by ``force``. A download that was broken
    off goes on where it stopped. Raises ParameterError for an unknown name, InputDataError and
    StorageError as :class:`Fetch` does.
    """
    folder_name, files = published(name, base_url)
    folder = Dataset.find(folder_name, root).raw
    console = Console(quiet=quiet, highlight=False, soft_wrap=True)
    if folder.is_dir() and any(folder.iterdir()) and not force:
        console.print(f"{folder} is there already (--force fetches it again)")
        return folder
    # Outside of the folder, so that nobody takes half a dataset for a whole one.
    waiting = folder.with_name(f".{folder.name}.download")
    for file in files:
        if not (waiting / file.name).is_file():
            md5 = _published_md5(file, patience)
            with _progress(console, file.name) as on_bytes:
                Fetch(file.url, waiting / file.name, md5, patience, on_bytes).run()
    with replacing_folder(folder) as temporary:
        for file in files:
            if file.is_archive:
                unpack(waiting / file.name, temporary)
            else:
                (waiting / file.name).rename(temporary / file.name)
    shutil.rmtree(waiting)
    console.print(f"{name} is in {folder}: python run_pipeline.py --set dataset={folder.name}")
    return folder


def _published_md5(file: Published, patience: Patience) -> str:
    if not file.md5_url:
        return ""
    text = fetch_text(file.md5_url, patience)
    found = _MD5.search(text.lower())
    if text and not found:
        raise InputDataError("there is no MD5 in it", file=file.md5_url)
    return found[0] if found else ""


@contextmanager
def _progress(console: Console, name: str) -> Iterator[OnBytes]:
    """A bar in a terminal, one line elsewhere."""
    if not console.is_terminal:
        console.print(f"fetching {name}")
        yield lambda done, total: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)
