"""Working days and hours, over weekends and changes of the clock."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from boxwood.lib.working_hours import WorkingHours

BERLIN = ZoneInfo("Europe/Berlin")
HOURS = WorkingHours(BERLIN, time(9), time(17), weekends=False)
LATER = [
    # from, working days, then
    ("2026-03-25 10:30", 1, "2026-03-26 10:30"),
    ("2026-03-27 10:30", 1, "2026-03-30 10:30"),  # over a weekend on which the clock changes
    ("2026-03-27 18:00", 1, "2026-03-31 09:00"),  # after closing: the next morning after that
    ("2026-03-28 12:00", 1, "2026-03-30 12:00"),
    ("2026-03-25 07:00", 2, "2026-03-27 09:00"),
    ("2026-03-25 10:30", 5, "2026-04-01 10:30"),
    ("2026-03-28 12:00", 0, "2026-03-30 09:00"),
    ("2026-03-27 16:59", 0, "2026-03-27 16:59"),
    ("2026-03-27 17:00", 0, "2026-03-30 09:00"),
]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


def test_waits_count_working_days_and_end_in_working_hours() -> None:
    for begins, days, then in LATER:
        assert HOURS.later(ms(begins), days) == ms(then), (begins, days)
    assert HOURS._replace(weekends=True).later(ms("2026-03-27 10:30"), 1) == ms("2026-03-28 10:30")
