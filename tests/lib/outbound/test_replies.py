"""Receivers that mean harm. Each costs at most the timeout and a megabyte, and leaves nothing behind."""

import asyncio
import gzip
import select
import time
import tracemalloc

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxwood.lib.address_rules import Rules
from boxwood.lib.outbound import HEADER_BYTES, HEADER_COUNT, REPLY_BYTES, Outbound, Reply, Unreachable
from tests.lib.outbound.network import OK, Names, request, serving

TIMEOUT = 0.3
MEGABYTE = 1024 * 1024
SILENT = "the target gave no usable answer"
BOMB = gzip.compress(b"\0" * 50 * MEGABYTE)
FILL = b"x" * 4096
HEADER = b"X: " + b"x" * (HEADER_BYTES - 1) + b"\r\n"  # the largest that is read


def outbound(**options) -> Outbound:
    return Outbound(Rules(allow_private=True), resolver=Names(), **{"total_timeout": TIMEOUT, **options})


async def endless(writer, piece=FILL):
    while True:
        writer.write(piece)
        await writer.drain()


async def never_answering(server, reader, writer):
    await asyncio.sleep(60)


async def dripping_head(server, reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def dripping_body(server, reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def endless_body(server, reader, writer):
    await request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await endless(writer)


async def endless_chunks(server, reader, writer):
    await request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await endless(writer, b"1\r\nx\r\n" * 500)


async def endless_chunk_extension(server, reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    await endless(writer)


async def endless_trailers(server, reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    await endless(writer, b"X: y\r\n" * 500)


async def endless_status_line(server, reader, writer):
    writer.write(b"HTTP/1.1 200 ")
    await endless(writer)


async def header_of_ten_megabytes(server, reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(10 * MEGABYTE // len(FILL)):
        writer.write(FILL)
        await writer.drain()
    writer.write(b"\r\n\r\n")
    await asyncio.sleep(60)


async def endless_header_name(server, reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await endless(writer)


async def endless_headers(server, reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await endless(writer, b"X: y\r\n" * 500)


async def many_large_headers(server, reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n" + HEADER * HEADER_COUNT + b"\r\n")
    await asyncio.sleep(60)


async def endless_large_headers(server, reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await endless(writer, HEADER)


async def endless_blank_lines(server, reader, writer):
    await endless(writer, b"\r\n" * 2000)


async def endless_empty_replies(server, reader, writer):
    await endless(writer, b"HTTP/1.1 200\r\nContent-Length:0\r\n\r\n" * 500)


async def endless_continuations(server, reader, writer):
    await endless(writer, b"HTTP/1.1 100\r\n\r\n" * 1000)


async def endless_replies(server, reader, writer):
    await endless(writer, b"HTTP/1.1 204\r\n\r\n" * 1000)


async def upgrading(server, reader, writer):
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
    await endless(writer)


async def gzip_bomb(server, reader, writer):
    await request(reader)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB)
    writer.write(head + BOMB)
    await writer.drain()
    await asyncio.sleep(60)


async def hanging_up(server, reader, writer):
    await request(reader)


async def breaking_off(server, reader, writer):
    await request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")


async def no_http(server, reader, writer):
    writer.write(b"220 mail.example.com ESMTP\r\n")
    await asyncio.sleep(60)


HOSTILE = [
    *(never_answering, dripping_head, dripping_body, endless_body, endless_chunks, endless_chunk_extension),
    *(endless_trailers, endless_status_line, header_of_ten_megabytes, endless_header_name, endless_headers),
    *(
        many_large_headers,
        endless_large_headers,
        endless_blank_lines,
        endless_continuations,
        endless_replies,
        endless_empty_replies,
        upgrading,
    ),
    *(gzip_bomb, hanging_up, breaking_off, no_http),
]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request):
    """The server runs on either loop; sockets are the loop's business."""

    def run(main):
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(main)

    return run


@pytest.mark.parametrize("handler", HOSTILE, ids=lambda handler: handler.__name__)
def test_a_hostile_receiver_costs_at_most_the_timeout_and_a_megabyte(handler, run):
    async def main():
        async with serving(handler) as server, outbound() as door:
            with pytest.raises(Unreachable):  # the session is opened and its modules loaded beforehand
                await door.send("POST", "http://127.0.0.1:1/", {}, b"")
            tracemalloc.start()
            started = time.perf_counter()
            reason = await reason_given(door, server.url())
            took = time.perf_counter() - started
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert reason in (None, SILENT)
            assert took < TIMEOUT + 30  # the machine may be busy; without the limit it takes a minute or has no end
            assert peak < MEGABYTE
            assert not door._session.connector._acquired

    run(main())


async def reason_given(door: Outbound, url: str, body: bytes = b"{}") -> str | None:
    """None for an answer, the reason given for none."""
    try:
        reply = await door.send("POST", url, {}, body)
    except Unreachable as failure:
        return failure.reason
    assert isinstance(reply, Reply)
    assert len(reply.body) <= REPLY_BYTES
    return None


def test_only_the_beginning_of_a_long_reply_is_read_and_never_unpacked():
    async def main():
        async with serving(gzip_bomb) as server, outbound(total_timeout=60) as door:
            reply = await door.send("POST", server.url(), {}, b"{}")
            assert reply.status == 200
            assert reply.body == BOMB[:REPLY_BYTES]

    asyncio.run(main())


@pytest.mark.parametrize("size", [REPLY_BYTES - 1, REPLY_BYTES, REPLY_BYTES + 1, 3 * REPLY_BYTES])
def test_a_reply_is_whole_up_to_the_limit(size):
    whole = bytes(n % 251 for n in range(size))

    async def handle(server, reader, writer):
        while await request(reader):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + whole)

    async def main():
        async with serving(handle) as server, outbound(total_timeout=60) as door:
            for _ in range(2):
                assert (await door.send("POST", server.url(), {}, b"{}")).body == whole[:REPLY_BYTES]

    asyncio.run(main())


def test_a_receiver_that_never_reads_does_not_hold_the_socket(run):
    """The kernel takes a part of the body; the rest must go with the timeout, not wait for the peer."""
    connection = select.poll()

    async def unreading(server, reader, writer):
        writer.transport.pause_reading()
        connection.register(writer.get_extra_info("socket").fileno(), 0)  # only errors and hanging up
        await asyncio.sleep(60)

    async def main():
        async with serving(unreading) as server, outbound() as door:
            assert await reason_given(door, server.url(), b"x" * 32 * MEGABYTE) == SILENT
            async with asyncio.timeout(30):
                while [event & select.POLLHUP for _, event in connection.poll(0)] != [select.POLLHUP]:
                    await asyncio.sleep(0.01)

    run(main())


def test_a_handshake_that_never_ends_costs_the_connect_timeout():
    async def main():
        async with (
            serving(never_answering) as server,
            outbound(connect_timeout=0.1, total_timeout=50) as door,
        ):
            started = time.perf_counter()
            with pytest.raises(Unreachable):
                await door.send("POST", server.url(scheme="https"), {}, b"{}")
            assert time.perf_counter() - started < 40

    asyncio.run(main())


def test_name_servers_that_never_answer_cost_the_connect_timeout():
    class Never(Names):
        async def resolve(self, *_, **__):
            await asyncio.sleep(60)

    async def main():
        async with Outbound(Rules(), connect_timeout=0.1, total_timeout=50, resolver=Never()) as door:
            started = time.perf_counter()
            with pytest.raises(Unreachable):
                await door.send("POST", "http://receiver.test/", {}, b"{}")
            assert time.perf_counter() - started < 40

    asyncio.run(main())


def test_the_request_after_a_hostile_reply_gets_its_own_answer():
    """An unrequested second reply must not count as the reply to the next request."""
    stray = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"

    async def handle(server, reader, writer):
        if server.connections == 1:
            await request(reader)
            writer.write(OK + stray)
            await asyncio.sleep(60)
        await request(reader)
        writer.write(OK.replace(b"ok", b"2!"))

    async def main():
        async with serving(handle) as server, outbound(total_timeout=60) as door:
            await door.send("POST", server.url(), {}, b"{}")
            await asyncio.sleep(0.05)
            assert (await door.send("POST", server.url(), {}, b"{}")).body == b"2!"

    asyncio.run(main())


pieces = st.sampled_from(
    [
        *(b"HTTP/1.1 ", b"200 OK", b"101 x", b"HTTP/9.9 999 \xff", b"\r\n", b"\r\n\r\n", b"\n", b":", b" "),
        *(b"Content-Length: ", b"-1", b"0", b"5", b"99999999999", b"ffffffffffffffff", b"\x00", b"\xff\xfe"),
        *(b"Transfer-Encoding: chunked", b"Content-Encoding: br", b"Connection: close"),
        *(b"Set-Cookie: \xff=;", b"Location: http://["),
    ]
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(pieces, st.binary(max_size=8)), max_size=25))
def test_any_bytes_at_all_are_an_answer_or_no_answer(answer):
    async def handle(server, reader, writer):
        await request(reader)
        writer.write(b"".join(answer))

    async def main():
        async with serving(handle) as server, outbound() as door:
            assert await reason_given(door, server.url()) in (None, SILENT)

    asyncio.run(main())
