"""Snippets on the wire (spec 4.7). Their text is an object when read and plain in the reply to a write, as
Streak's is."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.activity.sending.merge_fields import Missing
from ...core.activity.snippets import RenderedSnippet, Snippet
from ..codec import Shape
from ..kinds import KEY, NAME, TEXT, Kind, Wrong, clearable
from .people import Out, given


class SnippetText(Out, omit_defaults=False):
    value: str


class SnippetOut(Out, omit_defaults=False):
    """A snippet in the response to a read."""

    key: str
    snippet_key: str
    user_key: str
    creation_date: int
    last_saved_timestamp: int
    part_of_pipeline: bool
    snippet_name: str
    snippet_text: SnippetText
    snippet_type: str
    subject: str | msgspec.UnsetType = msgspec.UNSET
    snippet_key_shortcut: str | msgspec.UnsetType = msgspec.UNSET
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET


class SnippetWritten(Out, omit_defaults=False):
    """A snippet in the response to a write, without `snippetKey`."""

    key: str
    user_key: str
    creation_date: int
    last_saved_timestamp: int
    part_of_pipeline: bool
    snippet_name: str
    snippet_text: str
    snippet_type: str
    subject: str | msgspec.UnsetType = msgspec.UNSET
    snippet_key_shortcut: str | msgspec.UnsetType = msgspec.UNSET
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET


def snippet(snippet: Snippet) -> SnippetOut:
    return SnippetOut(snippet_key=snippet.key, snippet_text=SnippetText(snippet.text), **_common(snippet))


def written(snippet: Snippet) -> SnippetWritten:
    return SnippetWritten(snippet_text=snippet.text, **_common(snippet))


def _common(snippet: Snippet) -> dict[str, Any]:
    return {
        "key": snippet.key,
        "user_key": snippet.user_key,
        "creation_date": snippet.created_at,
        "last_saved_timestamp": snippet.saved_at,
        "part_of_pipeline": snippet.pipeline_key is not None,
        "snippet_name": snippet.name,
        "snippet_type": "HTML",
        "subject": given(snippet.subject),
        "snippet_key_shortcut": given(snippet.shortcut),
        "pipeline_key": given(snippet.pipeline_key),
    }


def _read_html(value: Any) -> str | None:
    """Text, or the object of a read, so that a client can send back a whole snippet."""
    if isinstance(value, dict):
        value = value.get("value")
    if value is None:
        return None
    try:
        return str(TEXT.read(value))
    except Wrong as wrong:
        raise Wrong(f"{wrong}, or an object whose value is") from None


_HTML = Kind(
    _read_html,
    {"anyOf": [TEXT.schema, {"type": "object", "properties": {"value": TEXT.schema}}, {"type": "null"}]},
)
_MEMBERS = {
    "snippet_name": NAME,
    "snippet_text": _HTML,
    "subject": NAME,
    "snippet_key_shortcut": NAME,
    "pipeline_key": clearable(KEY),
}
_DESCRIBED = {"pipeline_key": "The pipeline to share it with. Empty: only for you.", "snippet_text": "HTML."}
SNIPPET_CREATE = Shape("SnippetCreate", _MEMBERS, required=("snippet_name",), described=_DESCRIBED)
SNIPPET_EDIT = Shape("SnippetEdit", _MEMBERS, described=_DESCRIBED)
_OURS = {"snippet_name": "name", "snippet_text": "text", "snippet_key_shortcut": "shortcut"}


def ours(parsed: dict[str, Any]) -> dict[str, Any]:
    """The members under core's names."""
    return {_OURS.get(name, name): value for name, value in parsed.items()}


SNIPPET_RENDER = Shape(
    "SnippetRender",
    box_key=KEY,
    contact_key=KEY,
    described={"box_key": "The box that the mail is about.", "contact_key": "Default: the first contact of the box."},
)


class MissingOut(Out, omit_defaults=False):
    """A merge field without a value."""

    field: str
    where: str


class SnippetRendered(Out, omit_defaults=False):
    subject: str
    html: str
    text: str
    missing: list[MissingOut]


def missing(found: list[Missing]) -> list[MissingOut]:
    return [MissingOut(each.field, each.where) for each in found]


def rendered(snippet: RenderedSnippet) -> SnippetRendered:
    return SnippetRendered(snippet.subject, snippet.html, snippet.text, missing(snippet.missing))
