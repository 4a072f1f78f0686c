"""How other systems write events: the names of columns, types, and what their times mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from recsys_lib.columns import Feedback
from recsys_lib.errors import InputDataError, ParameterError, QueryError, did_you_mean
from recsys_lib.loop.records import event_time

UNITS: Mapping[str, float] = {"s": 1.0, "ms": 1e3, "us": 1e6}
"""Units of times that are numbers, by how many are a second."""
_REQUIRED = (Feedback.TIME, Feedback.ITEM)
OF_PEOPLE = (Feedback.LIST, Feedback.USER, Feedback.SESSION)
"""An event needs one of these."""
_NO_ZONE = "time has no zone: end it with Z or an offset, or give --zone"
_NO_UNIT = "time is a number: give --unit s, ms or us"


@dataclass(frozen=True)
class EventForm:
    """How a file writes events.

    Parameters
    ----------
    columns: name of a column of ``Feedback.EVENTS`` -> name in the file; the same by default.
    type: of all events, for a file without a column for it.
    unit: of times that are numbers, one of ``UNITS``.
    zone: of times that name none, such as Europe/Berlin.

    Raises
    ------
    ParameterError
        For a column that no event has, an unknown unit or zone.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    type: str = ""
    unit: str = ""
    zone: str = ""

    def __post_init__(self) -> None:
        for name in self.columns:
            if name not in Feedback.EVENTS:
                raise ParameterError(f"no event has {name!r}{did_you_mean(name, Feedback.EVENTS)}")
        if self.unit and self.unit not in UNITS:
            raise ParameterError(f"unit {self.unit!r}: choose from {', '.join(UNITS)}")
        if self.zone:
            _ = self._zone_info

    @property
    def _zone_info(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ParameterError(
                f"there is no zone {self.zone!r}: name it as in Europe/Berlin, or UTC"
            ) from error

    def found_in(self, there: Sequence[str], path: Path) -> dict[str, str]:
        """Which columns of a file hold which of events: our names and those of the file.

        Parameters
        ----------
        there: the columns of the file.
        path: the file, for the message.

        Raises
        ------
        InputDataError
            If a column is missing that events need, or that ``columns`` names.
        """
        for name in self.columns.values():
            if name not in there:
                problem = f"there is no column of this name{did_you_mean(name, there)}"
                raise InputDataError(problem, file=path, field=name)
        names = {name: self.columns.get(name, name) for name in Feedback.EVENTS}
        found = {name: theirs for name, theirs in names.items() if theirs in there}
        lacking = [name for name in _REQUIRED if name not in found]
        if Feedback.TYPE not in found and not self.type:
            raise InputDataError(
                "no column is the type of an event: name it with --column type=NAME, or give the "
                "type of all with --type",
                file=path,
            )
        if lacking or not set(OF_PEOPLE) & set(found):
            what = ", ".join(lacking) or "list_id, user_id or session_id"
            raise InputDataError(
                f"no column is {what}: name it with --column {(*lacking, Feedback.USER)[0]}=NAME "
                f"(there is {', '.join(there)})",
                file=path,
            )
        return found

    def time(self, value: str | datetime) -> str:
        """A time of the file as the log has it, in UTC; QueryError where that is not certain."""
        if isinstance(value, datetime):
            return self._with_zone(value)
        if not value:
            raise QueryError("time is missing")
        try:
            number = float(value)
        except ValueError:
            return self._of_text(value)
        if not self.unit:
            raise QueryError(_NO_UNIT)
        try:
            time = datetime.fromtimestamp(number / UNITS[self.unit], UTC)
        except (OverflowError, ValueError, OSError) as error:
            raise QueryError(f"time is out of range in {self.unit}") from error
        return event_time(time)

    def _of_text(self, text: str) -> str:
        try:
            time = datetime.fromisoformat(text)
        except ValueError as error:
            raise QueryError("time is not ISO 8601, such as 2026-03-01T09:10:00+01:00") from error
        return self._with_zone(time)

    def _with_zone(self, time: datetime) -> str:
        if time.tzinfo is None:
            if not self.zone:
                raise QueryError(_NO_ZONE)
            time = time.replace(tzinfo=self._zone_info)
        return event_time(time)
