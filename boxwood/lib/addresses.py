"""Reads e-mail addresses and domains, in the spelling that is used to compare them."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 254
MOST = 1000
"""At most this many @ characters of a text are examined."""
# The search looks at a limited number of characters around each @. A single pattern over the whole text would take
# quadratic time for a hostile text.
_LONGEST_LOCAL = 64
_LOCAL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+$")
_LABELS = re.compile(r"[\w.-]+")
_LABEL = re.compile(r"[^\W_](?:[\w-]*[^\W_])?")
_LAST_LABEL = re.compile(r"[^\W\d_](?:[\w-]*[^\W_])")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:(//)?")
_DOMAIN = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?(\.[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?)+")
# Mail providers: their domains do not identify a company.
_ANYBODYS = """
    126.com 163.com aol.com comcast.net duck.com fastmail.com fastmail.fm free.fr freenet.de gmail.com gmx.at
    gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com hotmail.co.uk hotmail.com hotmail.de hotmail.fr
    hotmail.it hushmail.com icloud.com laposte.net libero.it live.co.uk live.com live.de live.fr mac.com
    mail.com mail.ru mailbox.org me.com msn.com naver.com orange.fr outlook.com outlook.de outlook.fr pm.me
    posteo.de proton.me protonmail.com qq.com rediffmail.com rocketmail.com sbcglobal.net t-online.de tuta.io
    tutanota.com verizon.net wanadoo.fr web.de yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com
    yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.in yahoo.it yandex.com yandex.ru ymail.com zoho.com
"""
ANYBODYS = frozenset(_ANYBODYS.split())


_CODED = re.compile(r"\S*xn--\S*", re.IGNORECASE)
_NAMED = re.compile(r"[^<>]*<([^<>]*)>")
# Invisible characters that copying from mails and pages adds to an address.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def one_form(email: str) -> str:
    """The address in the form in which addresses are stored and compared: in lower case, without a name before it,
    `mailto:`, invisible characters and a dot at the end, and with the letters of an international domain:
    `Ada <ADA@xn--mnchen-3ya.example>` gives `ada@münchen.example`. A text that is no address is not refused here."""
    given = _INVISIBLE.sub("", email).strip()
    named = _NAMED.fullmatch(given)
    address = (named[1] if named else given).strip().lower().removeprefix("mailto:").removesuffix(".")
    if address.isascii() and "xn--" not in address:
        return address
    local, at, domain = address.rpartition("@")
    return unicodedata.normalize("NFC", local) + at + _in_letters(domain)


def _in_letters(domain: str) -> str:
    """The domain with its letters in place of punycode (RFC 5891), and these in one form of Unicode."""
    try:
        return domain.encode("idna").decode("ascii").lower().encode("ascii").decode("idna")
    except UnicodeError:
        return unicodedata.normalize("NFC", domain)


def with_letters(text: str) -> str:
    """The text with letters in place of the punycode of its addresses and domains."""
    return _CODED.sub(lambda found: one_form(found[0]), text) if "xn--" in text.lower() else text


def in_ascii(email: str) -> str:
    """The address with its domain in punycode, as mail servers take it."""
    local, at, domain = email.rpartition("@")
    try:
        return local + at + domain.encode("idna").decode("ascii")
    except UnicodeError:
        return email


def in_text(text: str) -> list[str]:
    """The distinct e-mail addresses in a text, in lower case, in their order."""
    found, at = [], text.find("@")
    for _ in range(MOST):
        if at < 0:
            break
        if (local := _local(text[max(0, at - LONGEST) : at])) and (rest := _rest(text[at + 1 : at + 1 + LONGEST])):
            found.append(one_form(f"{local}@{rest}"))
        at = text.find("@", at + 1)
    return list(dict.fromkeys(address for address in found if len(address) <= LONGEST))


def _local(before: str) -> str:
    match = _LOCAL.search(before[-_LONGEST_LOCAL - 1 :])
    local = match[0].strip(".'`") if match else ""
    return local if len(local) <= _LONGEST_LOCAL else ""


def _rest(behind: str) -> str:
    """The domain at the beginning of the text after an @, or an empty text. Its last label must begin with a letter."""
    match = _LABELS.match(behind)
    if match is None or len(match[0]) == LONGEST:
        return ""
    labels = match[0].rstrip(".-_").split(".")
    if len(labels) < 2 or not _LAST_LABEL.fullmatch(labels[-1]):
        return ""
    return ".".join(labels) if all(_LABEL.fullmatch(label) for label in labels) else ""


def domain(text: str) -> str:
    """The domain of an e-mail address, a URL or a domain, without `www.`: `https://www.Zuse.de/z3` gives `zuse.de`.
    Empty if there is none."""
    bare = _SCHEME.sub("", text.strip().lower())
    bare = re.split(r"[/?#\s]", bare, maxsplit=1)[0].rpartition("@")[2].partition(":")[0]
    bare = bare.strip(".").removeprefix("www.")
    if not bare.isascii():
        try:
            bare = bare.encode("idna").decode()
        except UnicodeError:
            return ""
    return bare if len(bare) <= LONGEST and _DOMAIN.fullmatch(bare) else ""
