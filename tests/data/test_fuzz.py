"""Mutated files: an answer or a clear error, and every line accounted for."""

import json
import random

import pytest

from recsys_lib.data.etl import load_dataset
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

REVIEW = {
    "rating": 5.0,
    "title": "Five \u2013 stars",
    "asin": "B1",
    "parent_asin": "B0",
    "user_id": "AE",
    "timestamp": 1_600_000_000_000,
    "helpful_vote": 0,
    "verified_purchase": True,
}
SPLICES = [
    *(b"\x00", b"\xff\xfe", b'"', b"{", b"}", b"[", b"]", b",", b"\n", b"\r\n", b"\\", b"\\u00"),
    *(b"null", b"NaN", b"1e999", b"-0", b"::", b"\t", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"{}" * 50),
    *(b"[" * 3000, b'{"a":' * 1500, b" ", b"\x1f", b"'", b"9" * 400),
]


def records(random_, n):
    for i in range(n):
        yield REVIEW | {"user_id": f"A{i % 7}", "asin": f"B{i % 5}", "rating": i % 5 + 1.0}


def mutated(random_, data):
    data = bytearray(data)
    for _ in range(random_.randint(0, 12)):
        at = random_.randrange(len(data) + 1)
        kind = random_.randrange(4)
        if kind == 0:
            data[at:at] = random_.choice(SPLICES)
        elif kind == 1:
            del data[at : at + random_.randint(1, 40)]
        elif kind == 2 and at < len(data):
            data[at] = random_.randrange(256)
        else:
            end = at + random_.randint(1, 200)
            data[at:at] = data[at:end]
    return bytes(data)


def as_jsonl(rows):
    return b"\n".join(json.dumps(row, ensure_ascii=False).encode() for row in rows)


def as_csv(rows):
    rows = list(rows)
    lines = [",".join(rows[0]), *(",".join(f'"{v}"' for v in row.values()) for row in rows)]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(("name", "write"), [("reviews.jsonl", as_jsonl), ("reviews.csv", as_csv)])
@pytest.mark.parametrize("seed", range(60))
def test_every_line_is_accounted_for(workspace, name, write, seed):
    random_ = random.Random(seed)
    dataset = Dataset.find("shop")
    dataset.raw.mkdir(parents=True)
    content = mutated(random_, write(records(random_, 30)))
    (dataset.raw / name).write_bytes(content)
    try:
        ratings = load_dataset(dataset, EtlParameters(max_bad_share=1.0)).ratings
    except InputDataError as error:
        assert name in str(error)
        return
    explained = len(ratings.rejected) + ratings.n_exact_duplicates + ratings.n_superseded
    assert ratings.n_lines == len(ratings.frame) + explained
    text = [line for line in content.split(b"\n") if line.strip(b" \t\r\x0b\x0c\xef\xbb\xbf")]
    if name.endswith(".jsonl"):
        assert ratings.n_lines in (len(text), len(text) - 1, len(text) + 1)
    assert ratings.frame.select("user_id", "parent_asin").is_duplicated().sum() == 0
