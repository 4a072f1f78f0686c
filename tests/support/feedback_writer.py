"""A process that writes events until it is killed, and says which are acknowledged."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recsys_lib.loop import Event, FeedbackLog, rotate
from recsys_lib.loop.records import utc_text

EVENTS_AT_ONCE = 3


def event_ids(run, number):
    return [f"{run}-{number}-{k}" for k in range(EVENTS_AT_ONCE)]


def write_for_ever(folder, run, acknowledged):
    """Write events of three days, while another thread moves days that are over.

    The number of each batch that is acknowledged goes into the connection ``acknowledged``.
    """
    log, today = FeedbackLog(Path(folder)), datetime.now(UTC)
    threading.Thread(target=_rotate_for_ever, args=(Path(folder),), daemon=True).start()
    number = 0
    while True:
        time = utc_text(today - timedelta(days=number % 3))
        log.add_events(
            [Event("click", "i", "l", event_id=name, time=time) for name in event_ids(run, number)]
        )
        acknowledged.send(number)
        number += 1


def _rotate_for_ever(folder):
    while True:
        rotate(folder)
