"""How a message is shown: cleaned HTML, the page for a frame, and pictures from other hosts through the server."""

import asyncio
import base64
import re
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from boxwood.lib.address_rules import Rules
from boxwood.lib.remote_images import RemoteImages, Unusable
from tests.conftest import World, ok, refused
from tests.receiver import Answer, Received, Receiver

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGNgSFuGB41KYycNAB1qkrYcAjBaAAAAAElFTkSuQmCC"
)


@pytest.fixture
def pictures() -> Iterator[Receiver]:
    """A host with pictures, which notes who asks for them."""
    receiver = Receiver()
    receiver.answer = serve
    yield receiver
    receiver.close()


def serve(request: Received) -> Answer:
    match request.path:
        case "/logo.png":
            return Answer(200, {"content-type": "text/html", "set-cookie": "who=ada"}, body=PNG)
        case "/moved.png":
            return Answer(302, {"location": "logo.png"})
        case "/round.png":
            return Answer(302, {"location": "/round.png"})
        case "/page.png":
            return Answer(200, {"content-type": "image/png"}, body=b"<html><script>1</script></html>")
        case "/drawing.svg":
            return Answer(200, {"content-type": "image/svg+xml"}, body=b"<svg xmlns='http://www.w3.org/2000/svg'/>")
        case "/large.png":
            return Answer(200, {"content-type": "image/png"}, body=PNG + bytes(5_000_000))
    return Answer(404)


def test_the_html_of_a_message_is_shown_without_what_runs_or_loads(world: World) -> None:
    shown = view(world, post(world, '<p onclick="x()">Hi <b>Ada</b><script>x()</script><style>b{}</style></p>'))
    assert shown["html"].strip() == "<p>Hi <b>Ada</b></p>"
    assert (shown["remoteImages"], shown["text"].strip()) == (0, "Hi Ada")


def test_links_open_in_another_window_and_lead_only_to_pages_mail_and_telephones(world: World) -> None:
    addresses = "https://a.example/?b=1&amp;c mailto:a@b.example tel:+49301 javascript:x() /x //x".split()
    page = "".join(f'<a href="{address}">a</a>' for address in addresses)
    html = view(world, post(world, page))["html"]
    assert re.findall(r'href="([^"]*)"', html) == [
        "https://a.example/?b=1&amp;c",
        "mailto:a@b.example",
        "tel:+49301",
    ]
    assert html.count('target="_blank"') == html.count('rel="noopener noreferrer nofollow"') == 6


def test_styles_keep_colours_and_sizes_and_lose_addresses_and_positions(world: World) -> None:
    style = "position:fixed; background:#123456 url(http://a.example/b.png) no-repeat; color:red; width:50%"
    html = view(world, post(world, f'<p style="{style}">a</p>'))["html"]
    assert re.findall(r'style="([^"]*)"', html) == ["background-color:#123456;color:red;width:50%"]


def test_the_page_for_a_frame_allows_no_script_and_no_other_host(world: World) -> None:
    key = post(world, "<p>Hi</p>")
    page = world.ada.http.get(view(world, key)["page"])
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<p>Hi</p>" in page.text
    policy = page.headers["content-security-policy"]
    for part in ("default-src 'none'", "img-src 'self' data:", "form-action 'none'", "frame-ancestors 'self'"):
        assert part in policy
    assert re.search(r"sandbox(?! [^;]*allow-scripts)", policy)


def test_a_message_without_html_is_shown_as_text(world: World) -> None:
    mail = EmailMessage()
    mail["From"] = "zoe@zuse.example"
    mail.set_content("1 < 2 & <b>3</b>\n")
    shown = view(world, post(world, mail))
    assert "html" not in shown
    assert shown["text"] == "1 < 2 & <b>3</b>\n"
    assert "1 &lt; 2 &amp; &lt;b&gt;3&lt;/b&gt;" in world.ada.http.get(shown["page"]).text


QUOTED = "On Mon, Mar 3, 2025 at 10:00 AM Ada Lovelace <ada@x.example> wrote:\n\n> 1 < 2?\n"
FOLD = '<details class="quote"><summary aria-label="Show quoted text">…</summary>'


def test_the_mail_that_a_text_quotes_is_a_part_of_its_own_and_folded_in_the_page(world: World) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "zoe@zuse.example", "Re: Offer"
    mail.set_content(f"Yes.\n\n{QUOTED}\n-- \nZoe\n")
    shown = view(world, post(world, mail))
    assert shown["text"] == f"Yes.\n\n{QUOTED}\n-- \nZoe\n"
    assert shown["textParts"] == [
        {"text": "Yes.\n\n", "quoted": False},
        {"text": QUOTED, "quoted": True},
        {"text": "\n-- \nZoe\n", "quoted": False},
    ]
    page = world.ada.http.get(shown["page"]).text
    assert f"<pre>Yes.\n\n</pre>{FOLD}<pre>On Mon" in page
    assert "&gt; 1 &lt; 2?\n</pre></details><pre>\n-- \nZoe" in page


def test_the_mail_that_html_quotes_is_folded_and_still_cleaned(world: World) -> None:
    intro = "On Mon, 3 Mar 2025 Ada wrote:"
    quote = (
        f'<div class="gmail_attr">{intro}</div><blockquote class="gmail_quote">May<script>x()</script>?</blockquote>'
    )
    key = post(
        world, message(f'<div onclick="x()">Yes.</div><div class="gmail_quote">{quote}</div>', subject="Re: Offer")
    )
    shown = view(world, key)
    cleaned = f"<div><div>{intro}</div><blockquote>May?</blockquote></div>"
    assert shown["html"].strip() == f"<div>Yes.</div>{FOLD}{cleaned}</details>"
    assert shown["html"] in world.ada.http.get(shown["page"]).text
    assert [part["quoted"] for part in shown["textParts"]] == [False]


def test_only_replies_are_folded_and_not_forwarded_mail(world: World) -> None:
    page = '<div>See below.</div><blockquote type="cite">May?</blockquote>'
    answering = message(page, "Answer")
    answering["In-Reply-To"] = "<1@x.example>"
    mails = [message(page), answering, message(page, "Re: Offer"), message(page, "Fwd: Offer")]
    shown = [view(world, post(world, mail)) for mail in mails]
    assert ["<details" in each["html"] for each in shown] == [False, True, True, False]


@pytest.mark.one_database
def test_html_that_takes_too_long_is_shown_as_text(world: World) -> None:
    shown = view(world, post(world, "Hello" + "<ol><li>" * 60_000))
    assert "html" not in shown
    assert shown["text"].startswith("Hello")
    assert "Hello" in world.ada.http.get(shown["page"]).text


def test_pictures_of_other_hosts_are_loaded_through_the_server_only_when_asked(
    world: World, pictures: Receiver
) -> None:
    key = post(world, f'<img src="{pictures.url}/logo.png" alt="Logo"><img src="{pictures.url}/logo.png">')
    hidden = view(world, key)
    assert (hidden["remoteImages"], "src=" in hidden["html"]) == (1, False)
    assert pictures.received("/logo.png") == []
    addresses = sources(world, key)
    assert len(addresses) == 2
    assert addresses[0] == addresses[1]
    picture = world.ada.http.get(addresses[0], headers={"Cookie": "a=b", "Referer": "http://secret.example"})
    assert (picture.status_code, picture.content) == (200, PNG)
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"] == "private, max-age=86400"
    assert "set-cookie" not in picture.headers
    (request,) = pictures.received("/logo.png")
    assert request.headers.keys().isdisjoint({"cookie", "referer", "authorization", "x-forwarded-for"})
    assert ok_bytes(world, addresses[0]) == PNG
    assert len(pictures.received("/logo.png")) == 1, "the second time from memory"


def test_a_picture_is_found_after_a_redirect(world: World, pictures: Receiver) -> None:
    key = post(world, f'<img src="{pictures.url}/moved.png">')
    assert ok_bytes(world, *sources(world, key)) == PNG


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("round.png", "more than 3 others"),
        ("page.png", "not a picture"),
        ("drawing.svg", "not a picture"),
        ("large.png", "larger than 5 MB"),
        ("missing.png", "status 404"),
    ],
)
def test_what_is_no_usable_picture_is_refused(world: World, pictures: Receiver, name: str, reason: str) -> None:
    key = post(world, f'<img src="{pictures.url}/{name}">')
    refused(world.ada.http.get(*sources(world, key)), 502, reason)


def test_pictures_of_private_addresses_are_refused() -> None:
    async def load() -> None:
        images = RemoteImages(Rules())
        try:
            for address in ("http://127.0.0.1/a.png", "http://10.0.0.1/a.png", "http://localhost/a.png", "file:///a"):
                with pytest.raises(Unusable):
                    await images.get(address)
        finally:
            await images.close()

    asyncio.run(load())


def test_only_pictures_of_the_message_are_loaded_and_only_for_its_readers(world: World, pictures: Receiver) -> None:
    key = post(world, f'<img src="{pictures.url}/logo.png">')
    other = post(world, "<p>Nothing</p>")
    (address,) = sources(world, key)
    refused(world.ada.http.get(address.replace(key, other)), 404)
    for path in (address, f"/api/v2/messages/{key}/view", f"/api/v2/messages/{key}/page"):
        refused(world.cy.http.get(path), 404)
    assert pictures.received("/logo.png") == []


def message(page: str, subject: str = "Offer") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Zoe Zuse <zoe@zuse.example>", subject
    mail.set_content(page, subtype="html")
    return mail


def post(world: World, mail: EmailMessage | str) -> str:
    """Add a message to a new box; a text is the HTML of the message. Returns its key."""
    content = bytes(message(mail) if isinstance(mail, str) else mail)
    box = world.box(world.pipeline())["key"]
    headers = {"Content-Type": "message/rfc822"}
    key: str = ok(world.ada.http.post(f"/api/v2/boxes/{box}/messages", content=content, headers=headers))["key"]
    return key


def view(world: World, key: str, **params: Any) -> Any:
    return ok(world.ada.http.get(f"/api/v2/messages/{key}/view", params=params))


def sources(world: World, key: str) -> list[str]:
    """The addresses of the pictures of other hosts, as they are shown when the reader asks for them."""
    return re.findall(r'src="([^"]*)"', view(world, key, images=True)["html"])


def ok_bytes(world: World, address: str) -> bytes:
    answer = world.ada.http.get(address)
    assert answer.status_code == 200, answer.text
    return answer.content


def test_a_picture_in_the_message_has_the_address_of_its_file(world: World) -> None:
    mail = message('<img src="cid:logo%40a.example" alt="Logo"><img src="cid:other" alt="Other">')
    mail.add_related(PNG, "image", "png", cid="<logo@a.example>", filename="logo.png")
    key = post(world, mail)
    (file,) = ok(world.ada.http.get(f"/api/v2/messages/{key}"))["files"]
    address = f"/api/v2/files/{file['key']}/contents"
    html = view(world, key)["html"]
    assert re.findall(r'src="([^"]*)"', html) == [address]
    picture = world.ada.http.get(address)
    assert (picture.content, picture.headers["content-type"]) == (PNG, "image/png")
