"""Mail is handed to a real SMTP server, with and without TLS and passwords."""

import ssl
import subprocess
from collections.abc import Iterator

import pytest

from boxwood.lib import smtp
from boxwood.lib.smtp import Failed, Letter, Refused, read_url
from tests.mailbox import Mailbox, text

LETTER = Letter("l1", "Boxwood <crm@example.com>", ["ada@example.com"], "Grüße", "Zeile\n", at=1_700_000_000_000)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    """One that wants TLS and a password."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    made = Mailbox(context, ("crm", "se:cret@"))
    made.start()
    yield made
    made.stop()


def test_a_letter_arrives_as_it_was_written(mailbox: Mailbox) -> None:
    two = Letter(
        "l2", LETTER.sender, ["ada@example.com", "bo@example.com"], "Hi", "Hello", "<p>Hello</p>", "cy@c.example"
    )
    assert smtp.send(read_url(mailbox.url), LETTER) == ""
    assert smtp.send(read_url(mailbox.url), two) == ""
    first, second = mailbox.wait(2)
    assert (first["Subject"], text(first)) == ("Grüße", "Zeile\n")
    assert (first["From"], first["To"]) == ("Boxwood <crm@example.com>", "ada@example.com")
    assert first["Message-ID"] == "<l1@example.com>"
    assert first["Date"] == "Tue, 14 Nov 2023 22:13:20 +0000"
    assert (second["Reply-To"], second["Auto-Submitted"]) == ("cy@c.example", "auto-generated")
    html = second.get_body(("html",))
    assert html is not None
    assert html.get_content().strip() == "<p>Hello</p>"
    assert mailbox.to[1] == ["ada@example.com", "bo@example.com"]


def test_a_password_goes_over_tls_alone(guarded: Mailbox) -> None:
    base = f"127.0.0.1:{guarded.port}"
    assert smtp.send(read_url(f"smtp://crm:se%3Acret%40@{base}?verify=off"), LETTER) == ""
    assert guarded.wait()[-1]["Message-ID"] == "<l1@example.com>"
    with pytest.raises(Failed, match=r"certificate verify failed"):
        smtp.send(read_url(f"smtp://crm:se%3Acret%40@{base}"), LETTER)
    with pytest.raises(Failed, match="user name or password"):
        smtp.send(read_url(f"smtp://crm:wrong@{base}?verify=off"), LETTER)
    assert len(guarded.came) == 1


def test_a_server_without_tls_gets_no_password(mailbox: Mailbox) -> None:
    with pytest.raises(Failed, match="STARTTLS"):
        smtp.send(read_url(f"smtp://crm:secret@127.0.0.1:{mailbox.port}"), LETTER)
    assert mailbox.came == []


def test_what_is_refused_for_good_is_told_from_what_may_work_later(mailbox: Mailbox) -> None:
    server = read_url(mailbox.url)
    mailbox.says = "452 disk full"
    with pytest.raises(Failed, match="452 disk full"):
        smtp.send(server, LETTER)
    mailbox.says = "554 spam"
    with pytest.raises(Refused, match="554 spam"):
        smtp.send(server, LETTER)
    mailbox.says = "250 ok"
    mailbox.refuses = {"ada@example.com"}
    with pytest.raises(Refused, match=r"ada@example\.com: 550 no such mailbox"):
        smtp.send(server, LETTER)
    both = Letter("l3", LETTER.sender, ["ada@example.com", "bo@example.com"], "Hi", "Hello")
    assert smtp.send(server, both) == "ada@example.com: 550 no such mailbox"
    assert mailbox.to == [["bo@example.com"]]


def test_a_server_that_is_away_is_a_failure_that_names_it() -> None:
    gone = Mailbox().start()
    port = gone.port
    gone.stop()
    with pytest.raises(Failed, match=f"127.0.0.1:{port}"):
        smtp.send(read_url(f"smtp://127.0.0.1:{port}"), LETTER)


def test_a_url_says_where_and_how() -> None:
    assert read_url("smtp://mail.example.com") == smtp.Server("mail.example.com", 587)
    assert read_url("smtps://a%40b:p@mail.example.com") == smtp.Server("mail.example.com", 465, "a@b", "p", "always")
    assert read_url("smtp://a:p@m:25?tls=off").tls == "off"
    assert read_url("smtp://a:p@m").tls == "required"
    for wrong in "| mail.example.com|http://m|smtp://|smtp://m:x|smtp://m/x|smtp://m?tls=maybe|smtp://m?x=1".split("|"):
        with pytest.raises(ValueError):
            read_url(wrong)
    assert smtp.without_password("smtp://crm:secret@m:25") == "smtp://crm:…@m:25"
    for wrong in ("", "Boxwood", "a@b\nBcc: c@d", "<>"):
        with pytest.raises(ValueError):
            smtp.check_sender(wrong)


def test_nothing_slips_into_the_head_of_a_letter(mailbox: Mailbox) -> None:
    for letter in (
        Letter("l4", LETTER.sender, ["ada@example.com"], "Hi\nBcc: cy@c.example", "x"),
        Letter("l5", LETTER.sender, ["ada@example.com"], "Hi", "x", reply_to="a@b\r\nBcc: cy@c.example"),
    ):
        with pytest.raises(ValueError):
            smtp.send(read_url(mailbox.url), letter)
    assert mailbox.came == []
