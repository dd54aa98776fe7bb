"""The IMAP client, with a real Dovecot."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import pytest

from boxwood.lib import imap
from boxwood.lib.address_rules import Refused, Rules
from boxwood.lib.dialing import Dialer, Failed
from boxwood.lib.imap import syntax as imap_syntax
from boxwood.lib.sasl import Login
from tests.mail_servers.imap_proxy import CUT, imap_proxy
from tests.mail_servers.servers import Account, MailServers

T = TypeVar("T")


def mail(number: int, body: str = "hello") -> bytes:
    return (
        f"From: Bea <bea@customer.test>\r\nTo: ada@example.test\r\nSubject: Offer {number}\r\n"
        f"Message-ID: <m{number}@customer.test>\r\nDate: Mon, 30 Nov 2026 10:00:00 +0000\r\n\r\n{body}\r\n"
    ).encode()


@contextlib.asynccontextmanager
async def signed_in(
    account: Account, port: int = 0, security: str = "none", login: Login | None = None, **options: float
) -> AsyncIterator[imap.Client]:
    dialer = Dialer(Rules(allow_private=True), account.servers.certificate, **options)
    login = login or Login(account.address, account.password)
    port = port or account.servers.ports["IMAP"]
    client = await imap.connect(dialer, "127.0.0.1", port, security, login)
    try:
        yield client
    finally:
        await client.close()
        dialer.close()


def on(account: Account, work: Callable[[imap.Client], Awaitable[T]], **options: object) -> T:
    async def run() -> T:
        async with signed_in(account, **options) as client:  # type: ignore[arg-type]
            return await work(client)

    return asyncio.run(run())


@pytest.mark.parametrize(("security", "port"), [("none", "IMAP"), ("starttls", "IMAP"), ("tls", "IMAPS")])
def test_it_signs_in_over_every_kind_of_connection(account: Account, security: str, port: str) -> None:
    async def work(client: imap.Client) -> bool:
        return "IDLE" in client.capabilities

    assert on(account, work, security=security, port=account.servers.ports[port])


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_it_signs_in_with_an_access_token(account: Account, mechanism: str) -> None:
    token = account.servers.tokens.access_token(account.address)
    other = "XOAUTH2" if mechanism == "OAUTHBEARER" else "OAUTHBEARER"
    with imap_proxy(account.servers.ports["IMAP"]) as proxy:
        proxy.from_server = lambda line: line.replace(f" AUTH={other}".encode(), b"")
        commands: list[bytes] = []
        proxy.from_client = lambda line: commands.append(line) or line

        async def work(client: imap.Client) -> None:
            await client.examine("INBOX")

        on(account, work, port=proxy.port, login=Login(account.address, token=token))
        assert any(b"AUTHENTICATE " + mechanism.encode() in line for line in commands)


@pytest.mark.parametrize("kind", ["password", "token", "the token of another user"])
def test_a_wrong_password_or_token_is_refused(account: Account, mail_servers: MailServers, kind: str) -> None:
    other = mail_servers.tokens.access_token("user0@example.test")
    login = {
        "password": Login(account.address, "wrong"),
        "token": Login(account.address, token="wrong"),
        "the token of another user": Login(account.address, token=other),
    }[kind]

    async def work(client: imap.Client) -> None:
        raise AssertionError("it was signed in")

    with pytest.raises(imap.LoginRefused):
        on(account, work, login=login)


def test_mails_are_found_and_read_and_stay_unread(account: Account) -> None:
    account.append(mail(1), mail(2, "x" * 300_000), mail(3))

    async def work(client: imap.Client) -> tuple[list[int], list[imap.Fetched], list[imap.Fetched]]:
        selected = await client.examine("INBOX")
        assert (selected.exists, selected.uidnext) == (3, 4)
        uids = await client.search("ALL")
        headers = await client.fetch("1:*", *client.items_of_headers())
        return uids, headers, await client.fetch("2", "FLAGS", imap.WHOLE)

    uids, headers, whole = on(account, work)
    assert uids == [1, 2, 3]
    assert [b"Subject: Offer 3" in each.bodies["HEADER"] for each in headers] == [False, False, True]
    assert headers[1].size == len(mail(2, "x" * 300_000))
    assert abs((headers[0].internal_date or 0) / 1000 - time.time()) < 3600
    assert whole[0].bodies[""] == mail(2, "x" * 300_000)
    assert "\\Seen" not in whole[0].flags


def test_idle_reports_a_new_mail_and_ends_in_time(account: Account) -> None:
    async def work(client: imap.Client) -> tuple[bool, bool]:
        await client.examine("INBOX")
        nothing = await client.idle(0.2)
        waiting = asyncio.create_task(client.idle(60))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(account.deliver, mail(1))
        came = await waiting
        assert await client.search("ALL") == [1]
        return nothing, came

    assert on(account, work) == (False, True)


def test_what_changed_since_is_reported_when_a_folder_is_opened(account: Account) -> None:
    account.append(mail(1), mail(2), mail(3))

    async def look(client: imap.Client) -> imap.Selected:
        await client.enable("CONDSTORE", "QRESYNC")
        return await client.examine("INBOX")

    known = on(account, look)
    with account.open() as other:
        other.select()
        other.store("2", "+FLAGS", "(\\Deleted)")
        other.expunge()
        other.store("1", "+FLAGS", "(\\Flagged)")

    async def again(client: imap.Client) -> imap.Selected:
        await client.enable("CONDSTORE", "QRESYNC")
        return await client.examine("INBOX", (known.uidvalidity, known.modseq or 0))

    found = on(account, again)
    assert found.vanished == [(2, 2)]
    assert [(each.uid, "\\Flagged" in each.flags) for each in found.changed] == [(1, True)]


def test_folders_with_their_roles_and_names_in_other_alphabets(account: Account) -> None:
    with account.open() as other:
        other.create(imap_syntax.encode_name("Angebote & Verträge/日本語").decode().join('""'))

    async def work(client: imap.Client) -> list[imap.Folder]:
        found = await client.folders()
        assert (await client.examine("Angebote & Verträge/日本語")).exists == 0
        assert (await client.status("INBOX"))["MESSAGES"] == 0
        return found

    found = {folder.name: folder.flags for folder in on(account, work)}
    assert "\\sent" in found["Sent"]
    assert "Angebote & Verträge/日本語" in found


def test_parts_of_a_mail_with_an_attachment(account: Account) -> None:
    account.append(
        b"From: b@c.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: multipart/alternative; boundary=y\r\n\r\n--y\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        b"hi\r\n--y\r\nContent-Type: text/html\r\n\r\n<p>hi\r\n--y--\r\n--x\r\nContent-Type: application/pdf\r\n"
        b'Content-Disposition: attachment; filename="offer 1.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n'
        b"--x--\r\n"
    )

    async def work(client: imap.Client) -> list[imap.Part]:
        await client.examine("INBOX")
        found = (await client.fetch("1", "BODYSTRUCTURE"))[0].parts
        assert (await client.fetch("1", "BODY.PEEK[1.1]"))[0].bodies["1.1"] == b"hi"
        return found

    found = on(account, work)
    assert [(part.number, part.kind, part.name, part.attached) for part in found] == [
        ("1.1", "text/plain", "", False),
        ("1.2", "text/html", "", False),
        ("2", "application/pdf", "offer 1.pdf", True),
    ]


def test_a_silent_server_and_a_cut_line_end_a_command(account: Account) -> None:
    account.append(mail(1, "x" * 50_000))
    with imap_proxy(account.servers.ports["IMAP"]) as proxy:

        async def silence(client: imap.Client) -> None:
            proxy.silent = True
            await client.examine("INBOX")

        async def cut(client: imap.Client) -> None:
            await client.examine("INBOX")
            proxy.cut_after = 20_000
            await client.fetch("1", imap.WHOLE)

        async def bye(client: imap.Client) -> None:
            proxy.from_server = lambda line: b"* BYE too many connections\r\n"
            await client.examine("INBOX")

        with pytest.raises(Failed, match="sent nothing for"):
            on(account, silence, port=proxy.port, silence=0.3)
        proxy.silent = False
        with pytest.raises(Failed, match="closed the connection"):
            on(account, cut, port=proxy.port)
        proxy.cut_after = None
        with pytest.raises(Failed, match="too many connections"):
            on(account, bye, port=proxy.port)
        proxy.from_server = lambda line: CUT
        with pytest.raises(Failed, match="closed the connection"):
            on(account, bye, port=proxy.port)


def test_data_before_tls_is_not_trusted(account: Account) -> None:
    with imap_proxy(account.servers.ports["IMAP"]) as proxy:
        proxy.from_server = lambda line: line + b"* 1 EXISTS\r\n" if b"OK Begin TLS" in line else line

        async def work(client: imap.Client) -> None:
            raise AssertionError("it was signed in")

        with pytest.raises(Failed, match="before TLS"):
            on(account, work, port=proxy.port, security="starttls")


def test_a_private_address_is_refused_unless_the_operator_allows_it(account: Account) -> None:
    port = account.servers.ports["IMAP"]
    login = Login(account.address, account.password)
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(Refused):
            asyncio.run(imap.connect(Dialer(Rules()), host, port, "none", login))

    async def allowed() -> None:
        rules = Rules(mail_servers=frozenset({("localhost", port)}))
        client = await imap.connect(Dialer(rules), "localhost", port, "none", login)
        await client.close()

    asyncio.run(allowed())


@pytest.mark.parametrize("name", ["INBOX", "A&B", "Entwürfe", "日本", 'a/b "c"', "😀 mail"])
def test_names_of_folders_survive_their_encoding(name: str) -> None:
    assert imap_syntax.decode_name(imap_syntax.encode_name(name)) == name


def test_values_of_a_response() -> None:
    pieces = [b"* 1 FETCH (FLAGS (\\Seen) X NIL BODY[HEADER.FIELDS (TO CC)] {3}\r\n", b"a)(", b' "q\\"x" (()))']
    assert imap_syntax.values(pieces)[3] == [
        *(b"FLAGS", [b"\\Seen"], b"X", None, b"BODY[HEADER.FIELDS (TO CC)]", b"a)(", b'q"x', [[]])
    ]
    assert imap_syntax.write_set([9, 3, 4, 5]) == "3:5,9"
    assert imap_syntax.read_set(b"3:5,9") == [(3, 5), (9, 9)]
    for bad in ([b"(" * 200], [b"a)"], [b"(a"]):
        with pytest.raises(imap_syntax.Malformed):
            imap_syntax.values(bad)
