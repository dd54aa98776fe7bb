import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from boxwood.lib.address_rules import Refused, Rules, check_fields, check_headers, is_public, parse_address
from tests.lib.outbound.corpus import ADDRESSES
from tests.lib.outbound.network import PUBLIC

OPEN_ADDRESSES = ["1.1.1.1", "8.8.8.8", PUBLIC, "172.15.0.1", "172.32.0.1", "100.128.0.1", "192.0.1.1"]
OPEN_ADDRESSES += ["2606:4700::1111", "2a00:1450::1", "2001:4860:4860::8888", "2003::1", "2400:cb00::1"]


@pytest.mark.parametrize("text", OPEN_ADDRESSES)
def test_the_open_network_is_public(text):
    assert is_public(parse_address(text))


@pytest.mark.parametrize("text", [address.strip("[]") for address in ADDRESSES])
def test_everything_else_is_not(text):
    assert not is_public(parse_address(text))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_the_same_in_ipv6_clothes(address):
    dressed = parse_address(f"::ffff:{address}")
    assert dressed == address
    assert is_public(dressed) == is_public(address)


@given(st.ip_addresses())
def test_what_the_standard_library_takes_for_private_is_never_public(address):
    address = parse_address(str(address))
    if address.is_private or address.is_multicast or address.is_reserved or address.is_link_local:
        assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "http://example.com",
        "https://example.com.:443/hook?a=b#c",
        "https://EXAMPLE.com/ü",
        "https://bücher.example/",
        "https://my_service.example.com/%7Euser/a%2Fb",
        f"http://{PUBLIC}:80/",
        "https://[2606:4700::1111]/",
        "https://a.b.c.d.e.f.example.co.uk/x?url=http://127.0.0.1/",
        "https://example.com/@user",
        "https://1.example.com/",
    ],
)
def test_ordinary_targets_are_allowed(url):
    Rules().check_url(url)


def test_one_more_port_is_allowed_when_listed():
    Rules(extra_ports=frozenset({8443})).check_url("https://example.com:8443/")
    with pytest.raises(Refused, match="80, 443, 8443"):
        Rules(extra_ports=frozenset({8443})).check_url("https://example.com:8080/")


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1:5678/", "http://n8n:5678/", "http://localhost:1/", "http://[fd00::1]/"]
)
def test_allowing_private_targets_lifts_the_address_and_the_port_rule_together(url):
    Rules(allow_private=True).check_url(url)


@pytest.mark.parametrize(
    "url", ["http://u@10.0.0.1/", "ftp://10.0.0.1/", "http://127.1/", "http://x:0/", "http://x\r\n/"]
)
def test_allowing_private_targets_lifts_nothing_else(url):
    with pytest.raises(Refused):
        Rules(allow_private=True).check_url(url)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://example.com/", "the target must begin with http:// or https:// and a host"),
        ("http://u:p@example.com/", "the target may not hold a user name or password"),
        ("http://127.0.0.1/", "the target's address is not a public one"),
        ("http://app.localhost/", "the target's address is not a public one"),
        ("http://2130706433/", "the target's host is not valid"),
        ("http://example.com:8080/", "the target's port must be one of 80, 443"),
        ("http://example.com/a b", "the target may not hold spaces, control characters or backslashes"),
        ("http://example.com/" + "x" * 2048, "the target is longer than 2048 characters"),
    ],
)
def test_a_refusal_says_what_is_wrong(url, says):
    with pytest.raises(Refused) as refusal:
        Rules().check_url(url)
    assert str(refusal.value) == says


OWN = [
    ("0.0.0.0", 8080, "http://127.0.0.1:8080/"),
    ("0.0.0.0", 8080, "http://127.9.9.9:8080/"),
    ("0.0.0.0", 8080, "http://0.0.0.0:8080/"),
    ("", 8080, "http://127.0.0.1:8080/"),
    ("::", 8080, "http://127.0.0.1:8080/"),
    ("127.0.0.1", 8080, "http://127.0.0.1:8080/"),
    ("127.0.0.1", 8080, "http://0.0.0.0:8080/"),
    ("127.0.0.1", 8080, "http://[::ffff:127.0.0.1]:8080/"),
    ("localhost", 8080, "http://127.0.0.1:8080/"),
    ("localhost", 8080, "http://[::1]:8080/"),
    ("localhost", 8080, "http://localhost:8080/"),
    ("crm.example.com", 443, "https://CRM.example.com./api"),
    ("CRM.example.com.", 443, "https://crm.example.com/"),
    ("203.0.113.9", 80, "http://203.0.113.9/"),
]


@pytest.mark.parametrize(("host", "port", "url"), OWN)
def test_our_own_address_is_refused_even_where_private_ones_are_allowed(host, port, url):
    rules = Rules(allow_private=True, own=frozenset({(host, port)}))
    with pytest.raises(Refused, match="this server itself"):
        rules.check_url(url)


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("0.0.0.0", 8080, "http://127.0.0.1:8081/"),
        ("0.0.0.0", 8080, "http://203.0.113.9:8080/"),
        ("127.0.0.1", 8080, "http://127.0.0.2:8080/"),
        ("crm.example.com", 443, "http://crm.example.com/"),
        ("crm.example.com", 443, "https://n8n.example.com/"),
    ],
)
def test_neighbours_of_our_own_address_are_not(host, port, url):
    Rules(allow_private=True, own=frozenset({(host, port)})).check_url(url)


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "http://[", "http://a:"]))
@example("\ud800.com", "http://")
@example("xn--a.xn--\u00ad", "http://")
@example("[::1%", "http://")
def test_whatever_is_written_is_allowed_or_refused_and_nothing_else(text, before):
    try:
        url = Rules().check_url(before + text)
    except Refused:
        return
    assert url.scheme in ("http", "https")
    assert url.port in (80, 443)
    assert url.user is None
    assert url.password is None


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "host", "CONTENT-LENGTH", "Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Trailer"),
        *("Upgrade", "Expect", "Proxy-Authorization", "Proxy-Connection"),
        *("webhook-id", "Webhook-Signature", "WEBHOOK-anything"),
    ],
)
def test_users_may_not_write_the_headers_that_are_ours(name):
    with pytest.raises(Refused, match=name):
        check_headers({name: "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nHost: b"),
        ("X", "a\nb"),
        ("X", "a\rb"),
        ("X", "a\x00b"),
        ("X", "\x7f"),
        ("X", "ü"),
        ("X\r\nHost", "a"),
        ("X Y", "a"),
        ("X:", "a"),
        ("", "a"),
        ("Ü", "a"),
        ("X\n", "a"),
        ("X", "a\n"),
        ("X", "x" * 9000),
    ],
)
def test_a_header_is_one_plain_line_of_bounded_length(name, value):
    with pytest.raises(Refused):
        check_headers({name: value})


def test_ordinary_headers_are_allowed_and_ours_where_we_write_them():
    check_headers({"Authorization": "Bearer x", "X-Token": "a\tb", "Content-Type": "application/json"})
    check_fields({"webhook-id": "msg_1"})
