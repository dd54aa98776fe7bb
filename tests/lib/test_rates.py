"""How much is allowed, and who asks."""

import pytest

from boxwood.lib.client_address import block, read_networks, source, within
from boxwood.lib.rates import Rate, read_rate


def test_a_burst_is_there_at_once_and_then_comes_evenly() -> None:
    rate = read_rate("10/s burst 5")
    full_at, granted = 0.0, []
    for now in [1000] * 7 + [1099, 1100, 1100, 1200]:
        spent = rate.spend(full_at, now)
        full_at = spent.full_at
        granted.append(spent.granted)
    assert granted == [1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1]
    assert rate.spend(full_at, 1200).wait == pytest.approx(100)
    assert rate.spend(full_at, 5000).left == 4


def test_over_a_long_time_no_more_is_granted_than_the_rate_and_one_burst() -> None:
    rate = read_rate("7/s burst 20")
    full_at, total = 0.0, 0
    for now in range(0, 60_000, 13):
        spent = rate.spend(full_at, now, most=3)
        full_at, total = spent.full_at, total + spent.granted
    assert 7 * 60 <= total <= 7 * 60 + 20


def test_a_clock_set_back_locks_nobody_out_for_longer_than_a_window() -> None:
    rate = read_rate("1/s burst 3")
    assert rate.spend(9_000_000.0, 1000).granted == 1
    spent = rate.spend(1000 + 4000, 1000)
    assert spent.granted == 0
    assert spent.wait <= 1000


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10/s burst 50", Rate(10, 1000, 50)),
        ("600/m", Rate(600, 60_000, 10)),
        ("5 / h", Rate(5, 3_600_000, 1)),
        (" 100/D BURST 7 ", Rate(100, 86_400_000, 7)),
    ],
)
def test_a_rate_is_read(text: str, rate: Rate) -> None:
    assert read_rate(text) == rate


@pytest.mark.parametrize("text", ["", "10", "0/s", "10/s burst 0", "10/w", "-1/s", "1e9/s", "10/s burst"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="10/s burst 50"):
        read_rate(text)


OURS = read_networks(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "whose"),
    [
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "9.9.9.9, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "9.9.9.9, 1.2.3.4, 10.7.7.7", "1.2.3.4"),
        ("::1", "2001:db8::5", "2001:db8::5"),
        ("::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "1.2.3.4, junk", "10.0.0.1"),
        ("", "1.2.3.4", "unknown"),
    ],
)
def test_only_what_our_own_proxies_wrote_is_believed(peer: str, forwarded: str, whose: str) -> None:
    assert source(peer, forwarded, OURS) == whose


def test_an_ipv6_holder_has_a_whole_block() -> None:
    assert block("2001:db8:1:2:3::4") == block("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert block("192.0.2.1") == block("::ffff:192.0.2.1") == "192.0.2.1"


def test_what_is_no_network_is_named() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        read_networks(["::1", "10.0.0.0/99"])


def test_an_ipv4_address_matches_in_both_of_its_forms() -> None:
    for given in ("192.0.2.1", "192.0.2.0/24", "::ffff:192.0.2.1", "::ffff:192.0.2.0/120"):
        networks = read_networks([given])
        assert within("192.0.2.1", networks), given
        assert within("::ffff:192.0.2.1", networks), given
        assert not within("192.0.3.1", networks), given
        assert not within("2001:db8::1", networks), given
