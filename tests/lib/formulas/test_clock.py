import time

import pytest

from boxwood.lib.formulas import Date, Engine, compile  # noqa: A004

from .conftest import NOW

DAY = 86_400_000
LEAP_DAY = 1_709_164_800_000  # midnight UTC of the day of NOW


def test_the_clock_is_the_one_given_and_stands_still(engine: Engine):
    text = "return [Date.now(), new Date().getTime(), Date.parse(Date()) + 0]"
    values = engine.evaluate(compile(text), [()] * 1500, NOW)
    assert values == [[NOW, NOW, NOW]] * 1500


def test_the_clock_moves_on_with_the_next_call(engine: Engine):
    formula = compile("NOW()")
    assert engine.evaluate(formula, [()], NOW) == [Date(NOW)]
    assert engine.evaluate(formula, [()], NOW + 5) == [Date(NOW + 5)]


def test_no_other_clock_can_be_read(compute):
    assert compute("typeof performance + typeof Atomics + typeof SharedArrayBuffer") == "undefined" * 3


def test_dates_made_from_parts_are_as_ever(compute):
    assert compute("new Date(0) instanceof Date && new Date(2024, 1, 29, 1).getDate() === 29") is True
    assert compute("Date.UTC(2024, 1, 29)") == LEAP_DAY
    assert compute("class Day extends Date {}; return new Day(5)") == Date(5)


@pytest.mark.parametrize(
    ("zone", "midnight", "hour"),
    [
        ("UTC", LEAP_DAY, 12),
        ("America/New_York", LEAP_DAY + 5 * 3_600_000, 7),
        ("Asia/Kolkata", LEAP_DAY - 19_800_000, 18),
        ("Pacific/Auckland", LEAP_DAY + DAY - 13 * 3_600_000, 1),
    ],
)
def test_days_and_hours_are_those_of_the_zone(compute, zone, midnight, hour):
    assert compute("TODAY()", zone=zone) == Date(midnight)
    assert compute("HOUR(NOW())", zone=zone) == hour
    assert compute("new Date().getHours()", zone=zone) == hour


def test_days_are_counted_across_a_change_of_the_clock(compute):
    # New York's clocks went forward on 10 March 2024: that day has 23 hours.
    zone = "America/New_York"
    assert compute("DATE(2024, 3, 11) - DATE(2024, 3, 10)", zone=zone) == 1
    assert compute("DAYS(DATE(2024, 3, 11), DATE(2024, 3, 9))", zone=zone) == 2
    assert compute("TEXT(DATE(2024, 3, 9) + 2, 'yyyy-mm-dd hh:mm')", zone=zone) == "2024-03-11 00:00"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", "", "America", "UTC0; x"])
def test_an_unknown_zone_is_the_callers_mistake(engine: Engine, zone):
    with pytest.raises(ValueError, match="no time zone"):
        engine.evaluate(compile("1"), [()], NOW, zone)


def test_the_servers_own_zone_is_left_alone(compute):
    before = time.tzname
    compute("TODAY()", zone="Asia/Tokyo")
    assert time.tzname == before
