"""Unpack what came as one archive."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from recsys_lib.errors import InputDataError


def unpack(archive: Path, folder: Path) -> None:
    """Put the files of a zip archive into a folder, without the folder that holds them all.

    Raises InputDataError when it is damaged, or a name in it leads out of the folder.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = [info for info in zipped.infolist() if not info.is_dir()]
            for info in members:
                path = _inside(info, archive)
                target = folder.joinpath(*path.parts[1:] if len(path.parts) > 1 else path.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with zipped.open(info) as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out)
    except (zipfile.BadZipFile, EOFError) as error:
        raise InputDataError(
            f"not readable as zip ({error}): get it again", file=archive
        ) from error


def _inside(info: zipfile.ZipInfo, archive: Path) -> PurePosixPath:
    path = PurePosixPath(info.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
        raise InputDataError(f"the name {info.filename!r} leads out of the folder", file=archive)
    return path
