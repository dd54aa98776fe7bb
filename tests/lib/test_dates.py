"""The reader of dates that people write, and the rule that tells days from moments."""

import json
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from boxwood.lib import dates

CASES = json.loads((Path(__file__).parents[1] / "dates.json").read_text(encoding="utf-8"))
DAY = 86_400_000
MARCH_4 = 1_741_046_400_000


@pytest.mark.parametrize(("text", "at"), CASES["days"].items())
def test_a_text_without_a_time_is_a_day(text: str, at: int) -> None:
    assert dates.read(text) == at
    assert dates.is_day(at)
    assert dates.read(dates.shown(at)) == at


@pytest.mark.parametrize(("text", "at"), CASES["moments"].items())
def test_a_text_with_a_time_is_a_moment_also_at_midnight_in_utc(text: str, at: int) -> None:
    assert dates.read(text) == at
    assert not dates.is_day(at)
    assert dates.read(dates.shown(at)) == at


@pytest.mark.parametrize(("text", "shown"), CASES["local"].items())
def test_a_time_without_a_time_zone_is_in_utc(text: str, shown: str) -> None:
    assert dates.shown(dates.read(text)) == f"{shown}Z"


@pytest.mark.parametrize("text", CASES["refused"])
def test_other_texts_are_refused_with_the_text_in_the_message(text: str) -> None:
    with pytest.raises(dates.DateError) as refused:
        dates.read(text)
    assert repr(text[:50]) in str(refused.value)


def test_numbers_are_exact_milliseconds_but_seconds_are_refused() -> None:
    for number in (0, 1, -1, 1000, DAY, 20 * DAY, 946_684_800_123, dates.FIRST, dates.LAST):
        assert dates.read(number) == number
    for number in (1_700_000_000, 9_999_999_999):
        with pytest.raises(dates.DateError, match="looks like seconds"):
            dates.read(number)
    for number, day in ((46_000, "2025-12-09"), (20_260_331, "2026-03-31"), (20_991_231.0, "2099-12-31")):
        with pytest.raises(dates.DateError, match=f"looks like a day .*: send {day}"):
            dates.read(number)
    for number in (20_261_331, 86_400_000, -46_000):  # no day can be meant
        assert dates.read(number) == number
    for number in (dates.FIRST - 1, dates.LAST + 1):
        with pytest.raises(dates.DateError, match="outside the years 1 to 9999"):
            dates.read(number)
    for value in (True, None, 1.5, float("nan"), [], {}):
        assert dates.find(value) is None


def test_an_order_reads_numeric_dates_and_refuses_other_orders() -> None:
    read = {order: dates.find("03/04/2025", order) for order in dates.ORDERS}
    assert {order: at and dates.shown(at) for order, at in read.items()} == {
        "mdy": "2025-03-04",
        "dmy": "2025-04-03",
        "ymd": None,
    }
    assert dates.shown(dates.read("25/03/04", "ymd")) == "2025-03-04"
    assert dates.shown(dates.read("3.4.2025", "mdy")) == "2025-03-04"
    with pytest.raises(dates.DateError, match="in the order month, day, year"):
        dates.read("25/12/2025", "mdy")
    for order in dates.ORDERS:
        assert dates.read("2025-03-04", order) == dates.read("4 March 2025", order) == MARCH_4


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu"])
def test_a_day_is_the_same_day_in_every_time_zone(zone: str) -> None:
    place = ZoneInfo(zone)
    assert dates.to_datetime(MARCH_4, place).strftime("%Y-%m-%d %H:%M") == "2025-03-04 00:00"
    assert dates.to_datetime(dates.begin(MARCH_4, place) + 1, place).strftime("%Y-%m-%d") == "2025-03-04"


def test_a_date_outside_the_calendar_becomes_the_nearest_date_inside() -> None:
    assert dates.to_datetime(-(10**15)).year == 1
    assert dates.to_datetime(10**15, ZoneInfo("Pacific/Auckland")).year == 9999
    assert dates.to_datetime(dates.FIRST + 1, ZoneInfo("America/New_York")).year == 1
    assert dates.zone("Nowhere/Land") == UTC


def test_day_numbers_of_spreadsheets_are_days() -> None:
    assert dates.excel_day("45720") == MARCH_4
    assert dates.excel_day("45720.5") == MARCH_4 + DAY // 2
    assert dates.excel_day("4572") is dates.excel_day("457200") is dates.excel_day("45720x") is None
