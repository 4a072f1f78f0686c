"""Files that hold one JSON array of objects: as blocks of JSON lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from recsys_lib.data.formats._blocks import open_binary, read_head
from recsys_lib.errors import InputDataError

_OPENED = re.compile(rb"\[\s*\{")
_BLOCK_RECORDS = 50_000


def is_array(path: Path, encoding: str | None = None) -> bool:
    """Whether a file begins as an array of objects, and not with a line that is one."""
    head = read_head(path, encoding)
    first, _, rest = head.partition(b"\n")
    alone = first.rstrip().endswith(b"]") and rest.strip()
    return bool(_OPENED.match(head)) and not alone


def array_blocks(path: Path, encoding: str | None = None) -> Iterator[tuple[int, int, bytes]]:
    """Place of the first record, from 1, number of records, and the records as JSON lines.

    The whole array is parsed at once. Raises InputDataError where it is not whole.
    """
    with open_binary(path, encoding) as file:
        data = file.read()
    try:
        records = json.loads(data, parse_constant=lambda constant: None)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputDataError(
            f"the file begins as a JSON array, and is none as a whole ({error}): write it again, "
            "or as JSON lines",
            file=path,
        ) from error
    for at in range(0, len(records), _BLOCK_RECORDS):
        some = records[at : at + _BLOCK_RECORDS]
        lines = (json.dumps(record, ensure_ascii=False) for record in some)
        yield at + 1, len(some), "\n".join(lines).encode("utf-8", "backslashreplace") + b"\n"
