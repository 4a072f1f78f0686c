"""What a step may leave, while another one is at work beside it in the same folders."""

import sqlite3
import threading
from contextlib import closing

import pytest

from recsys_lib.errors import StepFailedError
from recsys_lib.files import replacing, replacing_folder
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.execution.outputs import Promises
from recsys_lib.pipeline.steps import Step

VERSION = "20260102-120000-abcd"
ALS = Step("als", "02", produces=("{model}/als/part.json",))
EMBED = Step("embed", "03", produces=("{model}/search/part.json",), keeps=("{data}/vectors.db",))


@pytest.fixture
def promises(workspace):
    dataset = Dataset.find("shop")
    dataset.processed.mkdir(parents=True)
    dataset.version(VERSION).mkdir(parents=True)
    return Promises((ALS, EMBED), dataset, VERSION)


def train(promises):
    part = promises.dataset.version(VERSION) / "als"
    part.mkdir()
    (part / "part.json").write_text("{}")


def database(promises, mode):
    """A connection to what embed keeps, in the middle of a transaction."""
    path = promises.dataset.processed / "vectors.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA journal_mode={mode}")
    connection.execute("CREATE TABLE vectors (key BLOB)")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO vectors VALUES (1)")
    return connection


@pytest.mark.parametrize(("mode", "beside"), [("DELETE", {"-journal"}), ("WAL", {"-wal", "-shm"})])
def test_a_database_in_use_beside_the_step_is_no_offence(promises, mode, beside):
    before = promises.snapshot()
    with closing(database(promises, mode)):
        train(promises)
        there = {path.name.removeprefix("vectors.db") for path in promises.snapshot()}
        assert beside < there
        promises.check(ALS, before)


def test_neither_are_files_that_wait_for_their_names(promises):
    before = promises.snapshot()
    search = promises.dataset.version(VERSION) / "search"
    with (
        replacing_folder(search) as folder,
        replacing(promises.dataset.processed / "vectors.db") as file,
    ):
        (folder / "index.faiss").write_text("half")
        file.write_text("half")
        train(promises)
        promises.check(ALS, before)


@pytest.mark.parametrize("name", ["extra.csv", "extra.db-journal", "vectors.db.bak"])
def test_a_file_that_nobody_promises_is_one(promises, name):
    before = promises.snapshot()
    train(promises)
    (promises.dataset.processed / name).write_text("1")
    with pytest.raises(StepFailedError, match=f"{name} was written, which no step promises"):
        promises.check(ALS, before)


def test_looking_while_folders_come_and_go(promises):
    search, over = promises.dataset.version(VERSION) / "search", threading.Event()

    def embed():
        while not over.is_set():
            with replacing_folder(search) as folder:
                for number in range(20):
                    (folder / f"{number}.npy").write_text("vectors")

    beside = threading.Thread(target=embed)
    beside.start()
    try:
        for _ in range(300):
            assert all("search" in path.parts for path in promises.snapshot())
    finally:
        over.set()
        beside.join()
