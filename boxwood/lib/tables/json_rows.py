"""Reads JSON and JSON lines."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from .csv_rows import Text, readable
from .formats import MOST_JSON, OWN_MEMBERS, Broken, Row, as_field

_LIST = re.compile(r'\A\s*\[\s*|"(?:boxes|results)"\s*:\s*\[\s*')
_PIPELINE = re.compile(r'\A\s*\{\s*"pipeline"\s*:\s*')
_NO_OBJECT = "is not a JSON object"
_decode = msgspec.json.Decoder().decode
_ERRORS = (msgspec.DecodeError, UnicodeError, RecursionError)


def lines(pieces: Iterable[bytes], encoding: str) -> Iterator[Row]:
    """A row for each line that is not blank."""
    number = 0
    text = Text(pieces, encoding)
    for line in text:
        if line.isspace():
            continue
        number += 1
        fault = text.fault([line]) if text.has_bad_bytes else ""
        yield Row(number, [readable(line.strip())[:1000]], fault) if fault else _row(number, line)


def array(pieces: Iterable[bytes], encoding: str) -> Iterator[Row]:
    """A row for each item of a list, or of the list in an object's `boxes` or `results`. Raises Broken if the whole is
    not JSON."""
    for number, item in enumerate(items(pieces, encoding), 1):
        yield _row(number, bytes(item))


def items(pieces: Iterable[bytes], encoding: str) -> list[msgspec.Raw]:
    whole = bytearray()
    for piece in pieces:
        whole += piece
        if len(whole) > MOST_JSON:
            raise Broken(f"is larger than {MOST_JSON // 1_000_000} MB: send JSON lines")
    text = _as_utf8(bytes(whole), encoding)
    if not text.strip():
        raise Broken("is empty: send a JSON list of objects")
    try:
        found = msgspec.json.decode(text, type=list[msgspec.Raw] | dict[str, msgspec.Raw])
        if isinstance(found, dict):
            listed = found.get("boxes", found.get("results"))
            found = None if listed is None else msgspec.json.decode(listed, type=list[msgspec.Raw] | None)
    except msgspec.ValidationError:
        found = None
    except _ERRORS as error:
        found = _lenient(text)
        if found is None:
            raise Broken(f"is not valid JSON: {error}") from None
    if not isinstance(found, list):
        raise Broken("is neither a list of objects nor an object with boxes")
    return found


def _lenient(text: bytes) -> list[msgspec.Raw] | None:
    """The items of a list with an item that this server does not take, such as half of a character. That row is
    rejected. None if the whole is not JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    return [msgspec.Raw(item.encode()) for item in _texts(text.decode())]


def _as_utf8(whole: bytes, encoding: str) -> bytes:
    if encoding == "utf-8":
        return whole.removeprefix(codecs.BOM_UTF8)
    try:
        return whole.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeError as error:
        raise Broken(f"is not text in the encoding {encoding}: {error}") from None


def _row(number: int, text: str | bytes) -> Row:
    try:
        found = _decode(text)
    except _ERRORS:
        found = None
    if isinstance(found, dict):
        return Row(number, flat(found))
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return Row(number, [readable(text.strip())[:1000]], _NO_OBJECT)


def flat(found: dict[str, Any]) -> dict[str, Any]:
    """The object with the members of its `fields` beside its own ones. Where both have the same name, the field's has a
    mark."""
    inner = found.get("fields")
    if not isinstance(inner, dict):
        return found
    joined = {name: value for name, value in found.items() if name != "fields"}
    for name, value in inner.items():
        joined[as_field(name) if name in OWN_MEMBERS or name in joined else name] = value
    return joined


def first(text: str, most: int) -> list[Row]:
    """The first rows of a list whose end may be missing."""
    return [_row(number, item) for number, item in enumerate(islice(_texts(text), most), 1)]


def _texts(text: str) -> Iterator[str]:
    begins = _LIST.search(text)
    at = begins.end() if begins else len(text)
    decoder = json.JSONDecoder()
    while at < len(text):
        start = at
        try:
            _, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield text[start:at]
        while at < len(text) and text[at] in ", \r\n\t":
            at += 1


def pipeline(text: str) -> dict[str, Any]:
    """The description of the pipeline at the beginning of a JSON export. Raises Broken if there is none."""
    text = text.removeprefix("\ufeff")
    begins = _PIPELINE.match(text)
    found = None
    if begins:
        try:
            end = json.JSONDecoder().raw_decode(text, begins.end())[1]
            found = _decode(text[begins.end() : end])
        except (ValueError, *_ERRORS):
            found = None
    if not isinstance(found, dict):
        raise Broken("is not a JSON export of a pipeline: it must begin with the pipeline")
    return found
