"""The guard: what must never be connected to, and what a request looks like when it may go."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from boxwood.lib.address_rules import Refused, Rules
from boxwood.lib.outbound import KEPT_TARGETS, Outbound, Unreachable
from tests.lib.outbound.corpus import ADDRESSES, NAMES, SPELLINGS, TARGETS
from tests.lib.outbound.network import OK, PUBLIC, Names, replying, request, serving

SILENT = "the target gave no usable answer"
ANYWHERE = Rules(allow_private=True)


def guarded(*ports: int) -> Rules:
    return Rules(extra_ports=frozenset(ports))


@asynccontextmanager
async def door(rules: Rules = ANYWHERE, table: dict | None = None, **options):
    outbound = Outbound(rules, resolver=Names({**NAMES, **(table or {})}), **options)
    async with outbound:
        yield outbound


async def post(outbound: Outbound, url: str, body: bytes = b"{}", **headers: str):
    return await outbound.send("POST", url, headers, body)


async def refused(outbound: Outbound, url: str) -> str:
    with pytest.raises(Unreachable) as failure:
        await post(outbound, url)
    return str(failure.value)


# Never connected to


def test_the_corpus_is_large_enough():
    assert len(set(TARGETS)) >= 120


def test_no_target_of_the_corpus_is_connected_to(watch):
    async def main():
        async with serving(replying(OK)) as server:
            for target in TARGETS:
                async with door(guarded(server.port)) as outbound:
                    await refused(outbound, target.replace("{port}", str(server.port)))
                assert watch.tried == [], target
            assert server.connections == 0
        assert watch.looked_up == []

    asyncio.run(main())


def test_the_connector_refuses_every_address_by_itself(watch):
    """Should a target ever slip past the rules on how it is written, there is still no way to a socket."""

    async def main():
        async with serving(replying(OK)) as server:
            for host in [*ADDRESSES, *SPELLINGS, *NAMES]:
                async with door(guarded(server.port)) as outbound:
                    with pytest.raises((Refused, aiohttp.ClientError, OSError, ValueError)):
                        await outbound._opened().post(server.url(host=host))
                assert watch.tried == [], host
            assert server.connections == 0

    asyncio.run(main())


def test_without_the_guard_most_of_the_corpus_is_connected_to(watch):
    """The corpus has teeth: the same client, unguarded, tries most of these and reaches the server."""

    async def main():
        reached = []
        async with serving(replying(OK)) as server:
            for target in TARGETS:
                before = len(watch.tried)
                connector = aiohttp.TCPConnector(resolver=Names(NAMES), force_close=True)
                async with aiohttp.ClientSession(connector=connector) as session:
                    try:
                        timeout = aiohttp.ClientTimeout(total=0.5)
                        async with session.post(target.replace("{port}", str(server.port)), timeout=timeout):
                            pass
                    except Exception:  # whatever an unguarded client makes of them
                        pass
                reached += [target] * (len(watch.tried) > before)
            assert server.connections >= 30
        assert len(reached) >= 100

    asyncio.run(main())


def test_what_can_be_known_without_a_lookup_is_refused_when_saved(watch):
    outbound = Outbound()
    saved = []
    for target in TARGETS:
        try:
            outbound.check_url(target.replace("{port}", "80"))
        except Refused:
            continue
        saved.append(target)
    assert all(any(name in target.lower() for name in [*NAMES, "bücher.test"]) for target in saved)
    assert watch.tried == watch.looked_up == []


@pytest.mark.parametrize("host", ["intranet", "mixed.test", "nat64.test", "scoped.test", "odd.test"])
def test_a_name_that_leads_inside_is_refused_when_there_is_time_to_look(host, watch):
    async def main():
        async with door(guarded()) as outbound:
            with pytest.raises(Refused):
                await outbound.check_address(f"https://{host}/")

    asyncio.run(main())
    assert watch.tried == []


@pytest.mark.parametrize("answers", [[PUBLIC], []])
def test_a_name_that_leads_outside_or_nowhere_yet_may_be_saved(answers):
    async def main():
        async with door(guarded(), {"receiver.test": answers}) as outbound:
            await outbound.check_address("https://receiver.test/")

    asyncio.run(main())


def test_an_allowed_name_is_looked_up_once_and_connected_to_where_it_was_judged(watch):
    """A name server that answers otherwise the second time is never asked a second time."""
    table = {"rebinding.test": [[PUBLIC], ["127.0.0.1"]]}

    async def main():
        async with serving(replying(OK)) as server, door(guarded(server.port), table) as outbound:
            assert await refused(outbound, server.url(host="rebinding.test")) == SILENT
            assert outbound._judge._names.asked == ["rebinding.test"]
            assert watch.tried == [(PUBLIC, server.port)]
            # The next attempt looks again, and is judged again.
            assert await refused(outbound, server.url(host="rebinding.test")) != SILENT
            assert watch.tried == [(PUBLIC, server.port)]
            assert server.connections == 0

    asyncio.run(main())


def test_an_ipv4_answer_in_ipv6_clothes_is_connected_to_as_ipv4(watch):
    async def main():
        async with door(guarded(), {"mapped-public.test": [f"::ffff:{PUBLIC}"]}) as outbound:
            await refused(outbound, "http://mapped-public.test/")

    asyncio.run(main())
    assert watch.tried == [(PUBLIC, 80)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
def test_redirects_are_answers_and_not_followed(status, method):
    async def main():
        async with serving(replying(OK)) as elsewhere:
            moved = f"HTTP/1.1 {status} x\r\nLocation: {elsewhere.url()}\r\nRefresh: 0; {elsewhere.url()}\r\n"
            reply = (moved + "Content-Length: 0\r\n\r\n").encode()
            async with serving(replying(reply)) as server, door() as outbound:
                answer = await outbound.send(method, server.url(), {}, b"")
                assert answer.status == status
                assert answer.headers["location"] == elsewhere.url()
            assert elsewhere.connections == 0

    asyncio.run(main())


@pytest.mark.parametrize(
    "variable", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
)
def test_proxy_variables_are_not_heeded(variable, monkeypatch, watch):
    async def main():
        async with serving(replying(OK)) as proxy:
            monkeypatch.setenv(variable, proxy.url())
            monkeypatch.delenv("NO_PROXY", raising=False)
            async with serving(replying(OK)) as server:
                async with door() as outbound:
                    assert (await post(outbound, server.url())).status == 200
                async with door(connect_timeout=0.2) as outbound:
                    await refused(outbound, server.url(scheme="https"))
            async with door(guarded(proxy.port)) as outbound:
                await refused(outbound, f"http://{PUBLIC}/")
                await refused(outbound, f"https://{PUBLIC}/")
                await refused(outbound, "http://127.0.0.1/")
            assert proxy.connections == 0

    asyncio.run(main())
    assert watch.tried[-2:] == [(PUBLIC, 80), (PUBLIC, 443)]


def test_passwords_kept_for_other_programs_are_not_sent(monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("default login ada password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    async def main():
        async with serving(replying(OK)) as server, door() as outbound:
            await post(outbound, server.url())
            assert b"authorization" not in server.requests[0].lower()

    asyncio.run(main())


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "loop.test", "mapped.test", "[::ffff:127.0.0.1]"]
)
@pytest.mark.parametrize("bound", ["0.0.0.0", "127.0.0.1", "localhost", "::"])
def test_our_own_address_is_never_called(host, bound, watch):
    async def main():
        async with serving(replying(OK)) as server:
            rules = Rules(allow_private=True, own=frozenset({(bound, server.port)}))
            async with door(rules) as outbound:
                assert await refused(outbound, server.url(host=host)) == "the target is this server itself"
            assert server.connections == 0

    asyncio.run(main())
    assert watch.tried == []


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"Host": "intranet"}),
        ("POST", {"Content-Length": "0"}),
        ("POST", {"Transfer-Encoding": "chunked"}),
        ("POST", {"Connection": "upgrade"}),
        ("POST", {"X": "a\r\nHost: intranet"}),
        ("POST", {"X\r\nHost": "intranet"}),
        ("CONNECT", {}),
        ("TRACE", {}),
        ("post", {}),
        ("POST / HTTP/1.1\r\nHost: intranet\r\n\r\nGET", {}),
    ],
)
def test_a_request_that_would_say_more_than_one_request_is_not_sent(method, headers, watch):
    async def main():
        async with serving(replying(OK)) as server, door() as outbound:
            with pytest.raises(Unreachable):
                await outbound.send(method, server.url(), headers, b"{}")
            assert server.connections == 0

    asyncio.run(main())
    assert watch.tried == []


# What is sent and what comes back


def test_a_request_on_the_wire_is_what_was_asked_for():
    async def main():
        async with serving(replying(OK)) as server, door(agent="Boxwood/1") as outbound:
            url = server.url("/hook%2Fa?b=c%20d#e", host="receiver.test")
            outbound._judge._names.table["receiver.test"] = ["127.0.0.1"]
            reply = await outbound.send(
                "POST", url, {"Content-Type": "application/json", "webhook-id": "msg_1"}, b'{"a":1}'
            )
            assert (reply.status, reply.body) == (200, b"ok")
            assert 0 < reply.ms < 5000
            head, _, body = server.requests[0].partition(b"\r\n\r\n")
            first, *rest = head.decode().split("\r\n")
            assert first == "POST /hook%2Fa?b=c%20d HTTP/1.1"
            assert sorted(rest, key=str.lower) == [
                "Accept-Encoding: identity",
                "Accept: */*",
                "Content-Length: 7",
                "Content-Type: application/json",
                f"Host: receiver.test:{server.port}",
                "User-Agent: Boxwood/1",
                "webhook-id: msg_1",
            ]
            assert body == b'{"a":1}'

    asyncio.run(main())


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("/in?sig=ab%2Fcd%2Bef%3D%3D&sp=%2Ftriggers%2Fmanual%2Frun", None),
        ("/e1%2Fb%3Ac%40d", None),
        ("/e2%41%7E%28%29", None),
        ("/%e2%82%ac?a=%e2%82%ac", None),
        ("/?bad=%zz&plus=a+b", None),
        ("/e3/%2e%2e/x", None),
        ("/e12/../y/./z", None),
        ("/a;b=c,d!$&'()*?[x]={y}|^`", None),
        ("/ü?q=€", "/%C3%BC?q=%E2%82%AC"),
        ("?only=query", "/?only=query"),
        ("", "/"),
    ],
)
def test_path_and_query_go_out_byte_for_byte(given: str, sent: str | None) -> None:
    """Receivers compute signatures over them."""

    async def main():
        async with serving(replying(OK)) as server, door() as outbound:
            url = f"http://receiver.test:{server.port}{given}"
            outbound._judge._names.table["receiver.test"] = ["127.0.0.1"]
            assert (await outbound.send("POST", url, {}, b"")).status == 200
            assert server.requests[0].partition(b"\r\n")[0].decode() == f"POST {sent or given} HTTP/1.1"

    asyncio.run(main())


def test_names_are_looked_up_by_the_system_unless_told_otherwise():
    async def main():
        async with serving(replying(OK)) as server, Outbound(ANYWHERE) as outbound:
            assert (await post(outbound, server.url(host="localhost"))).status == 200
            assert await refused(outbound, server.url(host="nowhere.invalid")) == SILENT

    asyncio.run(main())


def test_connections_are_kept_for_the_next_request():
    async def main():
        async with serving(replying(OK)) as server, door() as outbound:
            for _ in range(5):
                await post(outbound, server.url())
            assert (len(server.requests), server.connections) == (5, 1)

    asyncio.run(main())


def test_connections_are_kept_for_so_many_targets_and_no_more():
    async def main():
        table = {f"t{n}.test": ["127.0.0.1"] for n in range(KEPT_TARGETS + 20)}
        async with serving(replying(OK)) as server, door(table=table) as outbound:
            for _ in range(2):
                for name in table:
                    await post(outbound, server.url(host=name))
            assert server.connections == KEPT_TARGETS + 2 * 20

    asyncio.run(main())


def test_cookies_are_neither_kept_nor_sent():
    async def main():
        cookie = OK.replace(b"Content-Length", b"Set-Cookie: a=b; Path=/\r\nContent-Length")
        table = {"receiver.test": ["127.0.0.1"]}
        async with serving(replying(cookie)) as server, door(table=table) as outbound:
            for _ in range(2):
                await post(outbound, server.url(host="receiver.test"))
            assert b"cookie" not in b"".join(server.requests).lower()

    asyncio.run(main())


def test_a_reply_may_be_stored_whatever_its_headers_hold():
    async def main():
        odd = b"HTTP/1.1 200 OK\r\nX-Odd: \xff\xfe\r\nX-TWICE: 1\r\nx-twice: 2\r\nContent-Length: 0\r\n\r\n"
        async with serving(replying(odd)) as server, door() as outbound:
            reply = await post(outbound, server.url())
            assert reply.headers == {"x-odd": "\ufffd\ufffd", "x-twice": "1", "content-length": "0"}

    asyncio.run(main())


def test_a_closed_port_and_a_silent_one_look_alike():
    async def silent(server, reader, writer):
        await request(reader)
        await asyncio.sleep(5)

    async def main():
        async with serving(silent) as server, door(total_timeout=0.1) as outbound:
            timed_out = await refused(outbound, server.url())
        async with door() as outbound:
            closed = await refused(outbound, server.url())
            unknown = await refused(outbound, "http://empty.test/")
        assert timed_out == closed == unknown == SILENT

    asyncio.run(main())


def test_what_happened_is_kept_for_the_log():
    async def main():
        async with door() as outbound:
            with pytest.raises(Unreachable) as failure:
                await post(outbound, f"http://{PUBLIC}/")
            assert isinstance(failure.value.__cause__, aiohttp.ClientConnectorError)

    asyncio.run(main())


# Encrypted


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for receiver.test that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver.test")])
    start = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("receiver.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "receiver.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def encrypted(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return serving(replying(OK), ssl=context)


def test_a_certificate_is_checked_against_the_name_not_the_address(certificate):
    trusting = ssl.create_default_context(cafile=str(certificate))
    table = {"receiver.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]}

    async def main():
        async with encrypted(certificate) as server, door(table=table, tls=trusting) as outbound:
            reply = await post(outbound, server.url(host="receiver.test", scheme="https"))
            assert reply.status == 200
            assert await refused(outbound, server.url(host="other.test", scheme="https")) == SILENT
            assert len(server.requests) == 1

    asyncio.run(main())


def test_a_certificate_nobody_vouches_for_is_refused(certificate):
    async def main():
        table = {"receiver.test": ["127.0.0.1"]}
        async with encrypted(certificate) as server, door(table=table) as outbound:
            assert await refused(outbound, server.url(host="receiver.test", scheme="https")) == SILENT
            assert server.requests == []

    asyncio.run(main())
