"""The same files read by the local engine and by Spark."""

import json

from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

STORED = ("interactions.parquet", "items.parquet", "users.parquet", "rows.parquet")


def loaded_twice(source, settings, home, monkeypatch, url="", **parameters):
    """The folder of the processed dataset by either engine; the sample is the same in both.

    With ``url`` the cluster reads the files from there.
    """
    folders = []
    elsewhere = {"folder": url} if url else {}
    on_spark = {"engine": "spark", "spark": {**settings, **elsewhere}}
    for name, engine in (("here", {}), ("there", on_spark)):
        monkeypatch.setenv("RECSYS_HOME", str(home / name))
        dataset = Dataset.find(source)
        store_dataset(load_dataset(dataset, EtlParameters(**parameters, **engine)))
        folders.append(dataset.processed)
    return folders


def assert_equal(here, there):
    for name in STORED:
        assert (here / name).read_bytes() == (there / name).read_bytes(), name
    rejected = [
        [{**json.loads(line), "file": ""} for line in (folder / "rejected.jsonl").open()]
        for folder in (here, there)
    ]
    assert rejected[0] == rejected[1]
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in (here, there)]
    for name in ("funnel", "counts", "unreadable", "timestamp_unit", "fingerprint"):
        assert summaries[0][name] == summaries[1][name], name
