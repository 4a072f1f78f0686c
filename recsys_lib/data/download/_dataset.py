"""A published dataset, from its name to its folder in data/raw/."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from rich.console import Console

from recsys_lib.data.download._fetch import Fetch, OnBytes, Patience, fetch_text
from recsys_lib.data.download._published import PublishedFile, published
from recsys_lib.display.progress import progress_for
from recsys_lib.errors import InputDataError
from recsys_lib.files import replacing_folder
from recsys_lib.paths import raw_root

_MEGABYTE = 2**20
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
    """Fetch a published dataset into data/raw/.

    A download that was interrupted resumes where it stopped. An existing folder is left alone.

    Parameters
    ----------
    name
        Such as ``amazon2023:Appliances`` or ``movielens:100k``.
    base_url
        Address to use instead of the publisher's; default ``$RECSYS_DOWNLOAD_URL``.
    root
        The workspace that holds data/; default ``$RECSYS_HOME``, or the checkout.
    force
        Fetch it again even if its folder exists.
    quiet
        Print nothing.
    patience
        Timeouts and number of tries.

    Returns
    -------
    Path
        The dataset's folder.

    Raises
    ------
    ParameterError
        No dataset of this name is published; the message suggests one.
    InputDataError
        The server does not have the file, sends something else, or stops answering.
    StorageError
        A file cannot be written.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> root = Path(mkdtemp())
    >>> download("movielens:100k", root=root)  # doctest: +SKIP
    PosixPath('/tmp/.../data/raw/ml-100k')
    >>> download("movielens:100", root=root)
    Traceback (most recent call last):
    recsys_lib.errors.ParameterError: there is no dataset 'movielens:100': did you mean ...
    """
    folder_name, files = published(name, base_url)
    folder = raw_root(root) / folder_name
    console = Console(quiet=quiet, highlight=False, soft_wrap=True)
    if folder.is_dir() and any(folder.iterdir()) and not force:
        console.print(f"{folder} exists already (--force fetches it again)")
        return folder
    # Outside the folder, so that half a dataset is never taken for a whole one.
    waiting = folder.with_name(f".{folder.name}.download")
    for file in files:
        if not (waiting / file.name).is_file():
            md5 = _published_md5(file, patience)
            with _progress(console, file.name) as on_bytes:
                Fetch(file.url, waiting / file.name, md5, patience, on_bytes).run()
    with replacing_folder(folder) as temporary:
        for file in files:
            if file.is_archive:
                _unpack(waiting / file.name, temporary)
            else:
                (waiting / file.name).rename(temporary / file.name)
    shutil.rmtree(waiting)
    console.print(f"{name} is in {folder}: python run_pipeline.py --set dataset={folder.name}")
    return folder


def _published_md5(file: PublishedFile, patience: Patience) -> str:
    if not file.md5_url:
        return ""
    text = fetch_text(file.md5_url, patience)
    found = _MD5.search(text.lower())
    if text and not found:
        raise InputDataError(
            "this page holds no MD5: is the address right? --base-url sets another one",
            file=file.md5_url,
        )
    return found[0] if found else ""


@contextmanager
def _progress(console: Console, name: str) -> Iterator[OnBytes]:
    """Show megabytes; what it yields takes the bytes that are done and their total."""
    with progress_for(None, "MB", name=name, console=console) as progress:
        yield lambda done, total: progress.update(
            done // _MEGABYTE, total=None if total is None else total // _MEGABYTE
        )


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip archive into a folder, without the archive's own top folder.

    Raises InputDataError when it is damaged, or a name in it leads out of the folder.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = [info for info in zipped.infolist() if not info.is_dir()]
            for info in members:
                path = _inside(info, archive)
                target = folder.joinpath(*path.parts[1:] if len(path.parts) > 1 else path.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with zipped.open(info) as packed, target.open("wb") as out:
                    shutil.copyfileobj(packed, out)
    except (zipfile.BadZipFile, EOFError) as error:
        raise InputDataError(
            f"not readable as zip ({error}): delete it and download it again", file=archive
        ) from error


def _inside(info: zipfile.ZipInfo, archive: Path) -> PurePosixPath:
    path = PurePosixPath(info.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
        raise InputDataError(
            f"the name {info.filename!r} leads out of the folder: do not trust this archive",
            file=archive,
        )
    return path
