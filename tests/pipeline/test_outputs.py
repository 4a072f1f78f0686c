"""What a step may leave, while another one is at work beside it in the same folders."""

import sqlite3
import threading
from contextlib import closing

import pytest

from recsys_lib.errors import StepFailedError
from recsys_lib.files import replacing, replacing_folder
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.execution._outputs import OutputContract
from recsys_lib.pipeline.steps import Step

VERSION = "20260102-120000-abcd"
ALS = Step("als", "02", produces=("{version}/als/part.json",))
EMBED = Step(
    "embed", "03", produces=("{version}/search/part.json",), may_write=("{data}/vectors.db",)
)


@pytest.fixture
def contract(workspace):
    dataset = Dataset.find("shop")
    dataset.processed.mkdir(parents=True)
    dataset.version(VERSION).mkdir(parents=True)
    return OutputContract((ALS, EMBED), dataset, VERSION)


def train(contract):
    part = contract.dataset.version(VERSION) / "als"
    part.mkdir()
    (part / "part.json").write_text("{}")


def database(contract, mode):
    """A connection to what embed keeps, in the middle of a transaction."""
    path = contract.dataset.processed / "vectors.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA journal_mode={mode}")
    connection.execute("CREATE TABLE vectors (key BLOB)")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO vectors VALUES (1)")
    return connection


@pytest.mark.parametrize(("mode", "beside"), [("DELETE", {"-journal"}), ("WAL", {"-wal", "-shm"})])
def test_a_database_in_use_beside_the_step_is_no_offence(contract, mode, beside):
    before = contract.snapshot()
    with closing(database(contract, mode)):
        train(contract)
        there = {path.name.removeprefix("vectors.db") for path in contract.snapshot()}
        assert beside < there
        contract.check(ALS, before)


def test_neither_are_files_that_wait_for_their_names(contract):
    before = contract.snapshot()
    search = contract.dataset.version(VERSION) / "search"
    with (
        replacing_folder(search) as folder,
        replacing(contract.dataset.processed / "vectors.db") as file,
    ):
        (folder / "index.faiss").write_text("half")
        file.write_text("half")
        train(contract)
        contract.check(ALS, before)


@pytest.mark.parametrize("name", ["extra.csv", "extra.db-journal", "vectors.db.bak"])
def test_a_file_that_no_step_declares_is_one(contract, name):
    before = contract.snapshot()
    train(contract)
    (contract.dataset.processed / name).write_text("1")
    with pytest.raises(StepFailedError, match=f"{name} was written, but no step declares it"):
        contract.check(ALS, before)


def test_looking_while_folders_come_and_go(contract):
    search, over = contract.dataset.version(VERSION) / "search", threading.Event()

    def embed():
        while not over.is_set():
            with replacing_folder(search) as folder:
                for number in range(20):
                    (folder / f"{number}.npy").write_text("vectors")

    beside = threading.Thread(target=embed)
    beside.start()
    try:
        for _ in range(300):
            assert all("search" in path.parts for path in contract.snapshot())
    finally:
        over.set()
        beside.join()
