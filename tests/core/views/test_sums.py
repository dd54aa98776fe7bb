"""The one rule for sums of boards, tables and reports."""

from boxwood.core.views.sums import rounded


def test_whole_sums_are_integers_and_fractions_have_15_digits() -> None:
    assert [rounded(total) for total in (None, 3.0, 0.1 + 0.2, -2.5, 1e300)] == [0, 3, 0.3, -2.5, 1e300]
    assert rounded(2e15 + 133.25) == 2_000_000_000_000_133
    assert rounded(59.99999999999999) == 60
    assert all(isinstance(rounded(total), int) for total in (3.0, 2e15 + 0.25, 59.99999999999999))
