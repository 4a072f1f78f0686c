"""The data of a benchmark: where they are found or fetched, and how they become interactions."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import polars as pl

from recsys_lib.benchmark.sets import Benchmark, Size
from recsys_lib.data.download import download, published
from recsys_lib.data.etl import load_dataset
from recsys_lib.data.input_files import find_review_files
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.files import sha256
from recsys_lib.paths import Dataset, raw_root

_TABLE = "interactions.csv"


@dataclass(frozen=True)
class BenchmarkData:
    """Interactions, and what became of the lines that they were read from.

    Parameters
    ----------
    files: ``[{path, sha256}]`` of what was read.
    dropped: reason -> number of lines that are no interaction.
    tied: interactions that share their time with another one of the same user.
    """

    interactions: Interactions
    files: list[dict[str, str]]
    dropped: dict[str, int]
    tied: int

    @property
    def size(self) -> Size:
        """How much there is."""
        data = self.interactions
        return Size(len(data.users), len(data.items), len(data))


def present(benchmark: Benchmark, folder: Path | None = None) -> Path | None:
    """The folder that holds the data; None where they have to be fetched.

    That is the given ``folder``, data/raw/<name>, or the folder of ``recsys download``.

    Raises ParameterError when the given folder does not exist.
    """
    if folder is not None:
        if not folder.is_dir():
            raise ParameterError(
                f"--data: there is no folder {folder}: it must hold {benchmark.files}"
            )
        return folder.resolve()
    places = [raw_root() / benchmark.name]
    if benchmark.download:
        places.append(raw_root() / published(benchmark.download)[0])
    return next((place for place in places if place.is_dir() and any(place.iterdir())), None)


def find_or_fetch(benchmark: Benchmark, folder: Path | None = None) -> Path:
    """The folder that holds the data, which are fetched where a public address is known.

    Raises InputDataError when they cannot be found or fetched; it says where to get them.
    """
    found = present(benchmark, folder)
    if found is not None:
        return found
    if benchmark.download:
        return download(benchmark.download)
    raise InputDataError(_remedy(benchmark), file=raw_root() / benchmark.name)


def load_data(
    benchmark: Benchmark, folder: Path, say: Callable[[str], None] = lambda text: None
) -> BenchmarkData:
    """Read the interactions of a benchmark; nothing is written to the workspace.

    Raises InputDataError when the folder lacks the files, or they cannot be used.
    """
    text = folder / benchmark.text_file
    is_text = bool(benchmark.text_file) and text.is_file()
    if not is_text:
        _require_files(benchmark, folder)
    say(f"reading {text if is_text else folder}")
    table = read_sequences(text) if is_text else None
    # Kept after an error, whose message names the file of rejected lines in it.
    workspace = Path(mkdtemp(prefix="recsys-benchmark-"))
    raw = folder
    if table is not None:
        raw = workspace / benchmark.name
        raw.mkdir()
        table.write_csv(raw / _TABLE)
    loaded = load_dataset(Dataset.find(raw, workspace), benchmark.etl)
    files = loaded.files  # what is read in the background needs the files
    losses = [step for step in loaded.funnel() if int(step["rows"]) < 0]
    shutil.rmtree(workspace)
    return BenchmarkData(
        loaded.view.interactions,
        [{"path": str(text), "sha256": sha256(text)}] if is_text else files,
        {str(step["what"]): -int(step["rows"]) for step in losses},
        loaded.ties.interactions,
    )


def read_sequences(path: Path) -> pl.DataFrame:
    r"""A file with a line for each user, ``user item item ...``, oldest first, as a table.

    Columns: user_id, item_id (text) and position (from 0).

    Raises
    ------
    InputDataError
        A line has no item or repeats a user, or the file is not UTF-8 or empty.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "Beauty.txt"
    >>> _ = path.write_text("1 7 8\n2 7\n")
    >>> read_sequences(path).rows()
    [('1', '7', 0), ('1', '8', 1), ('2', '7', 0)]
    """
    rows = [
        (user, item, position)
        for user, items in _lines(path)
        for position, item in enumerate(items)
    ]
    if not rows:
        raise InputDataError("is empty: get it again", file=path)
    schema = {"user_id": pl.String, "item_id": pl.String, "position": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _lines(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The user and the items of each line; blank lines are left out."""
    known: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                user, *items = line.split() or [""]
                if not user:
                    continue
                if not items:
                    raise InputDataError(
                        f"user {user!r} has no items: a line is a user, then items, with spaces "
                        "between them",
                        file=path,
                        line=number,
                    )
                if user in known:
                    raise InputDataError(
                        f"user {user!r} has a line already, line {known[user]}: remove one of them",
                        file=path,
                        line=number,
                    )
                known[user] = number
                yield user, items
    except (OSError, UnicodeDecodeError) as error:
        raise InputDataError(f"cannot be read as UTF-8 text ({error})", file=path) from error


def _require_files(benchmark: Benchmark, folder: Path) -> None:
    try:
        find_review_files(Dataset(folder.name, folder, folder), benchmark.etl)
    except InputDataError as error:
        raise InputDataError(_remedy(benchmark), file=folder) from error


def _remedy(benchmark: Benchmark) -> str:
    return (
        f"the data of benchmark {benchmark.name!r} are not here: get {benchmark.files} from "
        f"{benchmark.where}, and put it into {raw_root() / benchmark.name}, or name its folder "
        "with --data"
    )
