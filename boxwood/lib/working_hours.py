"""Working days and hours in a time zone: when the next opens, and what is so many working days later."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple


class WorkingHours(NamedTuple):
    zone: tzinfo
    opens: time
    closes: time
    weekends: bool
    """Whether Saturday and Sunday are working days."""

    def next_open(self, ms: int) -> int:
        """This moment if it is within working hours, otherwise the next opening."""
        at = datetime.fromtimestamp(ms / 1000, self.zone)
        if self._works(at.date()) and self.opens <= at.time() < self.closes:
            return ms
        day = at.date() if at.time() < self.opens else at.date() + timedelta(days=1)
        while not self._works(day):
            day += timedelta(days=1)
        return self._moment(day, self.opens)

    def later(self, ms: int, days: int) -> int:
        """So many working days after this moment, at the same time of the day, or the next opening after that."""
        at = datetime.fromtimestamp(ms / 1000, self.zone)
        day = at.date()
        while days > 0:
            day += timedelta(days=1)
            days -= self._works(day)
        return self.next_open(self._moment(day, at.time()))

    def _works(self, day: date) -> bool:
        return self.weekends or day.weekday() < 5

    def _moment(self, day: date, at: time) -> int:
        return int(datetime.combine(day, at, self.zone).timestamp() * 1000)
