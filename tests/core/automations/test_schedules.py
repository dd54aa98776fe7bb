"""When triggers by time start a run: dates with offsets and times of day, and schedules when clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from boxwood.core.automations import schedules, triggers

BERLIN = ZoneInfo("Europe/Berlin")


def ms(*moment: int, zone: ZoneInfo | None = None) -> int:
    return int(datetime(*moment, tzinfo=zone or UTC).timestamp() * 1000)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ({}, ms(2026, 3, 29)),
        ({"amount": -2, "unit": "days"}, ms(2026, 3, 27)),
        ({"amount": 90, "unit": "minutes"}, ms(2026, 3, 29, 1, 30)),
        ({"time": "09:00"}, ms(2026, 3, 29, 9)),
        ({"time": "09:00", "timeZone": "Europe/Berlin"}, ms(2026, 3, 29, 9, zone=BERLIN)),
        ({"time": "09:00", "timeZone": "Europe/Berlin", "amount": -1, "unit": "days"}, ms(2026, 3, 28, 9, zone=BERLIN)),
        ({"time": "9:30", "timeZone": "America/New_York", "amount": -2, "unit": "hours"}, ms(2026, 3, 29, 11, 30)),
    ],
)
def test_the_time_when_a_date_starts_a_run(trigger, expected):
    assert schedules.moment({"type": "date.reached", **trigger}, ms(2026, 3, 29)) == expected


def test_a_schedule_keeps_its_hour_when_the_clocks_change():
    before, during, after = ms(2026, 3, 28, 7), ms(2026, 3, 29, 6), ms(2026, 3, 29, 12)
    times = [triggers.next_time("0 9 * * *", BERLIN, now) for now in (before, during, after)]
    assert times == [ms(2026, 3, day, 9, zone=BERLIN) for day in (28, 29, 30)]
    assert times[1] - times[0] == 23 * 3_600_000
    assert triggers.next_time("0 9 * * mon", UTC, ms(2026, 11, 25)) == ms(2026, 11, 30, 9)
