"""The earlier mail in a reply is found as mail programs write it, and nothing that a reader needs is folded."""

# ruff: noqa: E501 - an introduction stands in a line, as its program writes it.

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxwood.lib.mail import plain, replies, reply_pages

INTRODUCTIONS = [
    "On Mon, Mar 3, 2025 at 10:00 AM Ada Lovelace <ada@x.example> wrote:",
    'On 3/3/25, 10:00 AM, "Ada Lovelace" <ada@x.example> wrote:',
    "Am Mo., 3. März 2025 um 10:00 Uhr schrieb Ada Lovelace <ada@x.example>:",
    "Am 03.03.25 um 10:00 schrieb Ada Lovelace:",
    "Le lun. 3 mars 2025 à 10:00, Ada Lovelace <ada@x.example> a écrit\xa0:",
    "El lun, 3 mar 2025 a las 10:00, Ada Lovelace (<ada@x.example>) escribió:",
    "Il giorno lun 3 mar 2025 alle ore 10:00 Ada Lovelace <ada@x.example> ha scritto:",
    "Em seg., 3 de mar. de 2025 às 10:00, Ada Lovelace <ada@x.example> escreveu:",
    "Op ma 3 mrt 2025 om 10:00 schreef Ada Lovelace <ada@x.example>:",
    "Den mån 3 mars 2025 kl 10:00 skrev Ada Lovelace <ada@x.example>:",
    "Den man. 3. mar. 2025 kl. 10.00 skrev Ada Lovelace <ada@x.example>:",
    "ma 3. maalisk. 2025 klo 10.00 Ada Lovelace (ada@x.example) kirjoitti:",
    "pon., 3 mar 2025 o 10:00 Ada Lovelace <ada@x.example> napisał(a):",
    "po 3. 3. 2025 v 10:00 odesílatel Ada Lovelace <ada@x.example> napsal:",
    "po 3. 3. 2025 o 10:00 Ada Lovelace <ada@x.example> napísal(a):",
    "Ada Lovelace <ada@x.example> ezt írta (időpont: 2025. márc. 3., H, 10:00):",
    "lun., 3 mar. 2025 la 10:00, Ada Lovelace <ada@x.example> a scris:",
    "Ada Lovelace <ada@x.example>, 3 Mar 2025 Pzt, 10:00 tarihinde şunu yazdı:",
    "пн, 3 мар. 2025 г. в 10:00, Ada Lovelace <ada@x.example> написал(а):",
    "пн, 3 бер. 2025 р. о 10:00 Ada Lovelace <ada@x.example> пише:",
    "На пн, 3.03.2025 г. в 10:00 Ada Lovelace <ada@x.example> написа:",
    "Στις Δευ 3 Μαρ 2025 στις 10:00 π.μ., ο χρήστης Ada Lovelace <ada@x.example> έγραψε:",
    "Ada Lovelace <ada@x.example> 于2025年3月3日周一 10:00写道：",
    "2025年3月3日 10:00、Ada Lovelace <ada@x.example>のメール:",
    "2025년 3월 3일 (월) 오전 10:00, Ada Lovelace <ada@x.example>님이 작성:",
    "Vào Th 2, 3 thg 3, 2025 vào lúc 10:00 Ada Lovelace <ada@x.example> đã viết:",
    "Pada tanggal Sen, 3 Mar 2025 pukul 10.00 Ada Lovelace <ada@x.example> menulis:",
    "ในวันที่ จ. 3 มี.ค. 2025 เวลา 10:00 Ada Lovelace <ada@x.example> เขียนว่า:",
    "pon, 3. ožu 2025. u 10:00 Ada Lovelace <ada@x.example> napisao je:",
    "Kuupäev E, 3. märts 2025 kell 10:00 kirjutas Ada Lovelace <ada@x.example>:",
]
BEFORE_INDENTED_LINES_ONLY = [
    "2025年3月3日(月) 10:00 Ada Lovelace <ada@x.example>:",
    "\u202bבתאריך יום ב׳, 3 במרץ 2025 ב-10:00 מאת \u202aAda\u202c\u200f <\u202aada@x.example\u202c\u200f>:\u202c",
    "في الاثنين، 3 مارس 2025 في 10:00 ص تمت كتابة ما يلي بواسطة \u202aAda\u202c\u200f <\u202aada@x.example\u202c\u200f>:\u202c",
    "* Ada Lovelace <ada@x.example> [2025-03-03 10:00]:",
    "Quoting Ada Lovelace <ada@x.example>:",
    "Ada Lovelace wrote:",
]
HEADERS = [
    "-----Original Message-----\nFrom: Ada Lovelace\nSent: Monday, March 3, 2025 10:00 AM\nTo: Bo\nSubject: Machines\n",
    "________________________________\nFrom: Ada Lovelace <ada@x.example>\nSent: Monday, March 3, 2025\nTo: Bo <bo@x.example>\nSubject: Machines\n",
    "From: Ada Lovelace <ada@x.example>\nDate: Monday, 3 March 2025 at 10:00\nTo: Bo <bo@x.example>\nSubject: Machines\n",
    "*From:* Ada Lovelace\n*Sent:* Monday, March 3, 2025 10:00 AM\n*To:* Bo;\n Cy; Di\n*Subject:* Machines\n",
    "Von: Ada Lovelace\nGesendet: Montag, 3. März 2025 10:00\nAn: Bo\nBetreff: Maschinen\n",
    "-----Ursprüngliche Nachricht-----\nVon: Ada\nGesendet: Montag, 3. März 2025\nAn: Bo\nBetreff: Maschinen\n",
    "De : Ada Lovelace\nEnvoyé : lundi 3 mars 2025 10:00\nÀ : Bo\nObjet : Machines\n",
    "De: Ada Lovelace\nEnviado el: lunes, 3 de marzo de 2025 10:00\nPara: Bo\nAsunto: Máquinas\n",
    "Da: Ada Lovelace\nInviato: lunedì 3 marzo 2025 10:00\nA: Bo\nOggetto: Macchine\n",
    "Van: Ada Lovelace\nVerzonden: maandag 3 maart 2025 10:00\nAan: Bo\nOnderwerp: Machines\n",
    "Från: Ada\nSkickat: den 3 mars 2025\nTill: Bo\nÄmne: Maskiner\n",
    "Od: Ada\nWysłano: poniedziałek, 3 marca 2025\nDo: Bo\nTemat: Maszyny\n",
    "От: Ada\nОтправлено: 3 марта 2025 г. 10:00\nКому: Bo\nТема: Машины\n",
    "发件人: Ada\n发送时间: 2025年3月3日 10:00\n收件人: Bo\n主题: 机器\n",
    "差出人: Ada\n送信日時: 2025年3月3日 10:00\n宛先: Bo\n件名: 機械\n",
    "Kimden: Ada\nGönderildi: 3 Mart 2025 Pazartesi\nKime: Bo\nKonu: Makineler\n",
    "------------------ 原始邮件 ------------------\n发件人: Ada <ada@x.example>\n发送时间: 2025年3月3日\n主题: 机器\n",
    "-------- Original Message --------\nOn Monday, March 3rd, 2025 at 10:00 AM, Ada <ada@x.example> wrote:\n",
]
QUOTE = "> Can you deliver?\n>\n> Ada\n"
LONG_QUOTE = "> Can you deliver?\n" * 12


def fold(text: str) -> tuple[str, str]:
    """What stays visible of a text, and what is folded."""
    parts = replies.parts(text)
    assert "".join(part.text for part in parts) == text
    return "".join(part.text for part in parts if not part.quoted), "".join(part.text for part in parts if part.quoted)


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_introductions_in_30_shapes(introduction: str) -> None:
    assert fold(f"Yes.\n\n{introduction}\n\n{QUOTE}") == ("Yes.\n\n", f"{introduction}\n\n{QUOTE}")
    unindented = f"{introduction}\n\nCan you deliver?\n\nAda\n"
    assert fold(f"Yes.\n\n{unindented}") == ("Yes.\n\n", unindented)


@pytest.mark.parametrize("introduction", BEFORE_INDENTED_LINES_ONLY)
def test_weaker_introductions_count_only_before_indented_lines(introduction: str) -> None:
    assert fold(f"Yes.\n\n{introduction}\n{QUOTE}") == ("Yes.\n\n", f"{introduction}\n{QUOTE}")
    assert fold(f"Yes.\n\n{introduction}\n\nCan you deliver?\n")[1] == ""


@pytest.mark.parametrize("headers", HEADERS)
def test_headers_of_the_earlier_mail_in_18_shapes(headers: str) -> None:
    quoted = f"{headers}\nCan you deliver?\n\nAda\n"
    assert fold(f"Yes.\n\n{quoted}") == ("Yes.\n\n", quoted)


@pytest.mark.parametrize("columns", [40, 60, 72])
def test_an_introduction_may_be_broken_into_lines(columns: int) -> None:
    for introduction in INTRODUCTIONS[:17]:
        words, lines = introduction.split(" "), [""]
        for word in words:
            lines = [*lines, word] if len(lines[-1]) + len(word) > columns else [*lines[:-1], f"{lines[-1]} {word}"]
        broken = "\n".join(lines).lstrip()
        assert fold(f"Yes.\n\n{broken}\n{QUOTE}") == ("Yes.\n\n", f"{broken}\n{QUOTE}")


def test_apple_mail_indents_the_introduction_too() -> None:
    quoted = "> On 3 Mar 2025, at 10:00, Ada Lovelace <ada@x.example> wrote:\n> \n> Can you deliver?\n"
    assert fold(f"Yes.\n\n{quoted}") == ("Yes.\n\n", quoted)


def test_quotes_of_quotes_are_in_the_fold() -> None:
    quoted = "Ada wrote:\n> No.\n>\n> Bo wrote:\n>> Can you?\n>\n>> Bo\n\n> Ada\n"
    assert fold(f"Yes.\n\n{quoted}") == ("Yes.\n\n", quoted)


@pytest.mark.parametrize(
    "footer",
    [
        "-- \nZoe Zuse\n+49 30 1234\n",
        "_______________________________________________\nMachines mailing list\nhttps://lists.example\n",
        "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEB\n-----END PGP SIGNATURE-----\n",
    ],
)
def test_a_signature_after_the_quote_stays_visible(footer: str) -> None:
    assert fold(f"Yes.\n\nAda wrote:\n{QUOTE}\n{footer}") == (f"Yes.\n\n\n{footer}", f"Ada wrote:\n{QUOTE}")


def test_a_long_quote_before_the_answer_is_folded_and_a_short_quote_is_not() -> None:
    assert fold(f"Ada wrote:\n{LONG_QUOTE}\nYes.\n") == ("\nYes.\n", f"Ada wrote:\n{LONG_QUOTE}")
    assert fold(f"Ada wrote:\n{QUOTE}\nYes.\n")[1] == ""


def test_a_notice_of_the_mail_server_after_a_long_quote_stays_visible() -> None:
    notice = "\nThis e-mail is confidential.\n"
    assert fold(f"Yes.\n\nAda wrote:\n{LONG_QUOTE}{notice}") == (f"Yes.\n\n{notice}", f"Ada wrote:\n{LONG_QUOTE}")


UNFOLDED = {
    "answers between the lines": f"Hello,\n\nAda wrote:\n{QUOTE}\nYes.\n\n{LONG_QUOTE}\nNo.\n",
    "answers and the rest of the quote": f"Ada wrote:\n{QUOTE}\nYes.\n\n{LONG_QUOTE}",
    "only a quote": f"Ada wrote:\n{LONG_QUOTE}",
    "only a quote and a signature": f"Ada wrote:\n{LONG_QUOTE}\n-- \nZoe Zuse\n",
    "only headers and their mail": HEADERS[0] + "\nCan you deliver?\n",
    "only a signature before the quote": f"-- \nZoe Zuse\n\nAda wrote:\n{QUOTE}",
    "only punctuation before the quote": f"...\n\nAda wrote:\n{QUOTE}",
    "a forwarded mail": f"See below.\n\n---------- Forwarded message ---------\n{HEADERS[2]}\nCan you?\n",
    "a forwarded mail of Apple Mail": f"See below.\n\n> Begin forwarded message:\n>\n{QUOTE}",
    "a forwarded mail in German": f"Siehe unten.\n\n-------- Weitergeleitete Nachricht --------\n{HEADERS[4]}\nGeht das?\n",
    "a cited line without an introduction": "What does this mean?\n\n> Error 500\n",
    "a sentence with a verb of the table": "Hello,\n\nas Ada wrote on 3 March 2025:\n\nWe deliver in May.\n",
    "a story": "Hello,\n\non Monday at 10:30 Ada wrote:\n\nWe deliver in May.\n",
    "a story with an address": "Hello,\n\nsee what sales@x.example wrote at 10:30:\n\nWe deliver in May.\n",
    "a journey": "Please book:\n\nFrom: Berlin\nTo: Paris\nDate: 3 March 2025\n\nThank you\n",
    "a form": "Name: Zoe\nSubject: Machines\nDate: 3 March\n\nPlease call me.\n",
    "a list": "We need:\n- 2025: twelve machines\n- 2026: ten machines\n",
    "empty": "",
}


@pytest.mark.parametrize("name", UNFOLDED)
def test_text_that_is_never_folded(name: str) -> None:
    assert fold(UNFOLDED[name]) == (UNFOLDED[name], "")


@pytest.mark.parametrize("prefix", ["Fwd", "FW", "WG", "TR", "RV", "Doorst", "转发"])
def test_forwarded_mail_is_no_reply(prefix: str) -> None:
    assert not replies.is_reply(f"{prefix}: Machines", ["1@x.example"])
    assert replies.is_reply(f"Re: {prefix}: Machines", [])


@pytest.mark.parametrize("prefix", ["Re", "RE", "AW", "Antw", "SV", "Odp", "Ynt", "RES", "回复", "Re[2]", "[Re"])
def test_a_reply_begins_with_a_short_word_or_refers_to_a_mail(prefix: str) -> None:
    assert replies.is_reply(f"{prefix}: Machines", [])
    assert replies.is_reply("Machines", ["1@x.example"])
    assert not replies.is_reply("Machines", [])
    assert not replies.is_reply("Message from your website: Machines", [])


def test_a_picture_character_is_an_answer() -> None:
    assert fold(f"👍\n\nAda wrote:\n{QUOTE}") == ("👍\n\n", f"Ada wrote:\n{QUOTE}")


GMAIL = '<div dir="ltr" class="gmail_attr">ysgrifennodd Ada ar Llun:<br></div>'
CITED = '<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">Can you deliver?</blockquote>'
OUTLOOK = "<b>From:</b> Ada Lovelace<br><b>Sent:</b> Monday, March 3, 2025<br><b>To:</b> Bo<br><b>Subject:</b> Machines"
PAGES = {
    "Gmail": f'<div dir="ltr">Yes.</div><br><div class="gmail_quote gmail_quote_container">{GMAIL}{CITED}</div>',
    "Gmail with a signature": f'<div dir="ltr">Yes.<br clear="all"><div class="gmail_signature">Zoe</div></div><div class="gmail_quote">{GMAIL}{CITED}</div>',
    "Gmail of before": f'<div>Yes.<div class="gmail_extra"><br><div class="gmail_quote">On 3 Mar 2025 10:00, "Ada" &lt;ada@x.example&gt; wrote:<br>{CITED}</div></div></div>',
    "Outlook on the web": f'<div class="elementToProof">Yes.</div><div id="appendonsend"></div><hr style="width:98%"><div id="divRplyFwdMsg" dir="ltr"><font>{OUTLOOK}</font><div>&nbsp;</div></div><div>Can you deliver?</div>',
    "Outlook on the web, language unknown": '<div>Yes.</div><hr><div id="divRplyFwdMsg"><b>Oddi wrth:</b> Ada</div><div>Can you deliver?</div>',
    "Outlook on the desktop": f'<div class="WordSection1"><p class="MsoNormal">Yes.</p><p>&nbsp;</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal">{OUTLOOK}</p></div></div><p>Can you deliver?</p><p>Ada</p></div>',
    "Outlook on a phone": f'<div>Yes.</div><div id="mail-editor-reference-message-container"><div><hr><div><p>{OUTLOOK}</p></div><div>Can you deliver?</div></div></div>',
    "Outlook of before": f'<div>Yes.</div><div class="OutlookMessageHeader">-----Original Message-----<br>{OUTLOOK}</div><div>Can you deliver?</div>',
    "Hotmail": '<div>Yes.</div><div><hr id="stopSpelling">Date: Mon, 3 Mar 2025<br>From: ada@x.example<br><br>Can you deliver?</div>',
    "Apple Mail": '<body>Yes.<br><div><br><blockquote type="cite"><div>On 3 Mar 2025, at 10:00, Ada &lt;ada@x.example&gt; wrote:</div><br><div>Can you deliver?</div></blockquote></div></body>',
    "Apple Mail on a phone": '<div dir="ltr">Yes.</div><div dir="ltr"><br><blockquote type="cite">On 3 Mar 2025, at 10:00, Ada wrote:<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">Can you deliver?</div></blockquote>',
    "Thunderbird": '<p>Yes.</p><div class="moz-cite-prefix">ysgrifennodd Ada ar Llun:<br></div><blockquote type="cite" cite="mid:1@x.example"><p>Can you deliver?</p></blockquote>',
    "Thunderbird with a signature below": '<p>Yes.</p><div class="moz-cite-prefix">Ada:</div><blockquote type="cite" cite="mid:1@x"><p>Can you deliver?</p></blockquote><pre class="moz-signature">-- <br>Zoe</pre>',
    "Yahoo": '<div class="ydp1">Yes.</div><div id="ydp2yahoo_quoted_3" class="yahoo_quoted"><div><div>On Monday, 3 March 2025 Ada wrote:</div><div>Can you deliver?</div></div></div>',
    "Proton": '<div>Yes.</div><div class="protonmail_quote">-------- Original Message --------<br>On 3/3/25 10:00, Ada &lt;ada@x.example&gt; wrote:<br><blockquote class="protonmail_quote" type="cite">Can you deliver?</blockquote><br></div>',
    "Zoho": '<div>Yes.</div><div class="zmail_extra"><div id="Zm-_Id_-Sgn1">---- On Mon, 03 Mar 2025 Ada wrote ----</div><blockquote id="blockquote_zmail">Can you deliver?</blockquote></div>',
    "Zimbra": '<div>Yes.</div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>From: </b>"Ada"<br></div><div data-marker="__QUOTED_TEXT__">Can you deliver?</div>',
    "GMX": '<div>Yes.</div><div name="quote" style="border-left:2px solid #C3D9E5"><div><b>Gesendet:</b> Montag</div><div name="quoted-content">Can you deliver?</div></div>',
    "Tuta": '<div>Yes.</div><br>3 Mar 2025, 10:00 by ada@x.example:<br><blockquote class="tutanota_quote">Can you deliver?</blockquote>',
    "Mail.ru": '<div>Yes.</div><div>Понедельник, 3 марта 2025, 10:00 +03:00 от Ada &lt;ada@x.example&gt;:<br></div><blockquote style="border-left:1px solid #0857A6">Can you deliver?</blockquote>',
    "QQ": '<div>Yes.</div><div>------------------&nbsp;Original&nbsp;Message&nbsp;------------------</div><div><b>From:</b> "Ada";<br><b>Date:</b> Mon<br><b>Subject:</b> Machines</div><div>Can you deliver?</div>',
    "HEY": "<div>Yes.</div><br>On March 3, 2025, Ada &lt;ada@x.example&gt; wrote:<br><blockquote>Can you deliver?</blockquote>",
    "headers in a table": "<p>Yes.</p><table><tr><td>From:</td><td>Ada</td></tr><tr><td>Date:</td><td>3 March</td></tr><tr><td>To:</td><td>Bo</td></tr><tr><td>Subject:</td><td>Machines</td></tr></table><p>Can you deliver?</p>",
    "a text as HTML": "<p>Yes.</p><p>On Mon, 3 Mar 2025 at 10:00 Ada &lt;ada@x.example&gt; wrote:<br>&gt; Can you deliver?<br>&gt; Ada</p>",
}


def fold_page(page: str) -> tuple[str, str]:
    """The text of a page that stays visible, and the text that is folded."""
    marked = reply_pages.mark(page)
    if marked is None:
        return plain(page), ""
    before, start, rest = marked.page.partition(marked.before)
    quoted, end, after = rest.partition(marked.after)
    assert start
    assert end
    assert plain(before + quoted + after) == plain(page)
    return plain(before + "<br>" + after), plain(quoted)


@pytest.mark.parametrize("program", PAGES)
def test_quotes_in_the_html_of_each_mail_program(program: str) -> None:
    shown, folded = fold_page(PAGES[program])
    assert shown.startswith("Yes."), shown
    assert "Can you deliver?" not in shown
    assert "Ada" not in shown
    assert "Can you deliver?" in folded


UNFOLDED_PAGES = {
    "answers between the lines": f'<div>Hello</div><div class="gmail_quote">{GMAIL}{CITED}<div>Yes.</div>{CITED}<div>No.</div></div>',
    "answers between the lines in Apple Mail": '<div>Hello</div><blockquote type="cite">On 3 Mar 2025 Ada wrote:<br>Can you?</blockquote>Yes.<blockquote type="cite">And he?</blockquote>No.',
    "a forwarded mail of Gmail": '<div>See below.</div><div class="gmail_quote"><div class="gmail_attr">---------- Mesaj trimis mai departe ---------<br>From: Ada</div><br>Can you?</div>',
    "a forwarded mail of Thunderbird": '<p>See below.</p><div class="moz-forward-container"><br>-------- Neges --------<table><tr><td>Can you?</td></tr></table></div>',
    "only a quote": f'<div dir="ltr"><br></div><div class="gmail_quote">{GMAIL}{CITED}</div>',
    "only a picture before the quote": f'<img src="https://x.example/pixel.gif"><div class="gmail_quote">{GMAIL}{CITED}</div>',
    "a newsletter with a citation": "<p>Our customers say:</p><blockquote>The best machines!</blockquote>",
    "a quote that begins in a row of a table": f"<table><tr><td>Yes.<br>{OUTLOOK}</td></tr><tr><td>Can you?</td></tr></table>",
    "too many elements": "<p>Yes.</p>" + "<br>" * 40_000 + f'<div class="gmail_quote">{GMAIL}{CITED}</div>',
    "elements too deep": "Yes." + "<div>" * 2000 + f'<div class="gmail_quote">{GMAIL}{CITED}</div>',
    "nothing": "",
}


@pytest.mark.parametrize("name", UNFOLDED_PAGES)
def test_html_that_is_never_folded(name: str) -> None:
    assert reply_pages.mark(UNFOLDED_PAGES[name]) is None


def test_a_sender_cannot_write_the_marks() -> None:
    marked = reply_pages.mark(PAGES["Gmail"])
    assert marked
    forged = reply_pages.mark(f"<p>{marked.before}{marked.after}</p>{PAGES['Gmail']}")
    assert forged
    assert forged.page.count(forged.before) == forged.page.count(forged.after) == 1
    assert forged.before != marked.before


LINES = 19_000
HOSTILE = {
    "one long line": "On " * 20_000,
    "beginnings of introductions": "On Monday,\n" * LINES,
    "ends of introductions": "wrote:\n" * LINES,
    "introductions": "On 2025 10:00 a@b wrote:\n" * LINES,
    "introductions and quotes": "a wrote:\n> b\n" * (LINES // 2),
    "headers": "From: a\n" * LINES,
    "many headers": "From: a\nTo: b\nx\n" * (LINES // 3),
    "separators": "-----Original Message-----\n" * LINES,
    "addresses": ("a@" * 190 + ":\n") * 2400,
    "digits": ("1" * 390 + ":\n") * 2400,
    "spaces": (" " * 390 + "x:\n") * 2400,
    "angles": ">" * 1_000_000,
    "deep quotes": (">" * 300 + "\n\n") * 3000,
    "empty lines": "\n" * 1_000_000,
    "dashes": "-" * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_linear_time(name: str) -> None:
    began = time.process_time()
    replies.parts(HOSTILE[name])
    replies.parts("Yes.\n\n" + HOSTILE[name])
    assert time.process_time() - began < 5, "a quadratic search takes minutes"


@pytest.mark.parametrize(
    "page",
    [
        "<div>On Monday, " * 400,
        "<blockquote>a</blockquote>" * 14_000,
        '<blockquote type="cite">' * 480 + "a",
        '<blockquote type="cite">' + "a<br>" * 29_000,
        f'<div class="{"a " * 200_000}">x</div>',
        "<b>wrote:</b>" * 14_000,
        "<div>From: a</div>" * 14_000,
    ],
    ids=["open", "quotes", "nested", "long", "classes", "words", "headers"],
)
def test_hostile_html_takes_linear_time(page: str) -> None:
    began = time.process_time()
    reply_pages.mark(page)
    assert time.process_time() - began < 10, "a quadratic search takes minutes"


PIECES = st.sampled_from(
    [
        *INTRODUCTIONS[:4],
        *HEADERS[:3],
        QUOTE,
        LONG_QUOTE,
        "Yes.",
        "\n",
        "\n\n",
        "-- \n",
        ">",
        "On ",
        "wrote:",
        "From:",
        "---",
    ]
)


@given(st.lists(PIECES | st.text(max_size=20), max_size=12).map("\n".join))
@settings(max_examples=200, deadline=None)
def test_all_text_is_kept_and_something_stays_visible(text: str) -> None:
    shown, folded = fold(text)
    if folded:
        assert re.search(r"\w|[^\x00-\x7f]", shown)


@given(
    st.lists(st.sampled_from([*PAGES.values(), "<p>", "</div>", "<table><tr>", "<br>", "Yes."]), max_size=5).map(
        "".join
    )
)
@settings(max_examples=100, deadline=None)
def test_all_text_of_a_page_is_kept(page: str) -> None:
    fold_page(page)
