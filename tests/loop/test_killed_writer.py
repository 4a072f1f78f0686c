"""kill -9 at random moments: every acknowledged event is there once, and no day file is half."""

import multiprocessing
import random
import time

import polars as pl
import pytest

from recsys_lib.loop import read_events, rotate
from tests.support.feedback_writer import event_ids, write_for_ever

_KILLS, _LONGEST_SECONDS = 200, 0.2


@pytest.mark.slow
def test_what_was_acknowledged_is_there_once_after_200_kills(tmp_path):
    context = multiprocessing.get_context("forkserver")  # imports once, and starts in no time
    context.set_forkserver_preload(["tests.support.feedback_writer"])
    generator, wanted, runs = random.Random(7), set(), 0
    for run in range(_KILLS):
        receive, send = context.Pipe(duplex=False)
        writer = context.Process(target=write_for_ever, args=(str(tmp_path), run, send))
        writer.start()
        send.close()
        if run % 10 == 0:  # at random moments from the start on, or from the first answer on
            assert receive.poll(60)
        time.sleep(generator.random() * _LONGEST_SECONDS)
        writer.kill()
        writer.join()
        numbers = sent(receive)
        runs += bool(numbers)
        wanted |= {name for number in numbers for name in event_ids(run, number)}
        if run % 10 == 0:
            for path in tmp_path.glob("day=*/*.parquet"):
                pl.read_parquet(path)  # whole
    assert runs >= _KILLS / 10
    rotate(tmp_path)
    assert len(list(tmp_path.glob("day=*/events.parquet"))) == 2
    found = read_events(tmp_path)["event_id"]
    assert found.n_unique() == len(found)
    assert wanted <= set(found)


def sent(connection):
    """What came through a pipe whose other end is closed."""
    numbers = []
    with connection:
        while True:
            try:
                numbers.append(connection.recv())
            except EOFError:
                return numbers
