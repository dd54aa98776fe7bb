"""Web forms on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.activity.forms import Form
from ..codec import Shape
from ..kinds import FLAG, KEY, NAME, NAMES, TEXT, records
from .base import Out


class FormFieldOut(Out, omit_defaults=False):
    """A question of a form. `target` is where the answer goes: `name`, `notes`, `file`, `contact.name`,
    `contact.email`, `contact.phone`, `contact.title`, or the key of a field."""

    target: str
    label: str
    help: str
    required: bool
    hidden: bool
    parameter: str
    """The parameter of the page's address that fills it."""
    default: str


class FormOut(Out, omit_defaults=False):
    """A web form. `ownerKey` is the user who saved it last: the form acts with their rights."""

    key: str
    pipeline_key: str
    owner_key: str
    name: str
    enabled: bool
    url: str
    """The address of its page."""
    fields: list[FormFieldOut]
    title: str
    intro: str
    language: str
    button: str
    thanks: str
    redirect: str
    consent: str
    required_text: str
    invalid_text: str
    again_text: str
    failed_text: str
    too_large_text: str
    closed_text: str
    stage_key: str
    frame_ancestors: list[str]
    creation_timestamp: int
    last_saved_timestamp: int


def form(found: Form, base_url: str) -> FormOut:
    return FormOut(
        key=found.key,
        pipeline_key=found.pipeline_key,
        owner_key=found.owner_key,
        name=found.name,
        enabled=found.enabled,
        url=f"{base_url}/forms/{found.key}",
        fields=[FormFieldOut(**msgspec.structs.asdict(each)) for each in found.fields],
        **msgspec.structs.asdict(found.settings),
        creation_timestamp=found.created_at,
        last_saved_timestamp=found.saved_at,
    )


_FIELD = Shape(
    "FormFieldEdit",
    {
        "target": NAME,
        "label": NAME,
        "help": TEXT,
        "required": FLAG,
        "hidden": FLAG,
        "parameter": NAME,
        "default": NAME,
    },
    required=("target", "label"),
    described={
        "target": "Where the answer goes: name, notes, file, contact.name, contact.email, contact.phone, "
        "contact.title, or the key or name of a field.",
        "hidden": "It is not shown: its value comes from the address of the page, else from default.",
        "parameter": "The parameter of the page's address that fills it, such as utm_source.",
    },
)
_MEMBERS: dict[str, Any] = {
    "name": NAME,
    "enabled": FLAG,
    "fields": records(_FIELD),
    "title": TEXT,
    "intro": TEXT,
    "language": NAME,
    "button": TEXT,
    "thanks": TEXT,
    "redirect": TEXT,
    "consent": TEXT,
    "required_text": TEXT,
    "invalid_text": TEXT,
    "again_text": TEXT,
    "failed_text": TEXT,
    "too_large_text": TEXT,
    "closed_text": TEXT,
    "stage_key": KEY,
    "frame_ancestors": NAMES,
}
_DESCRIBED = {
    "enabled": "Whether the page answers. Default: true.",
    "fields": "The questions in their order. Default: name, e-mail address and message.",
    "language": "The language of the texts, such as en or de-CH.",
    "redirect": "The address to which the browser goes after the form was sent. Empty: it shows thanks.",
    "consent": "The text of a box that visitors must check. Empty: no box.",
    "closed_text": "What visitors see while the user who saved the form last may not create its boxes and contacts.",
    "stage_key": "The stage of new boxes. Empty: the first.",
    "frame_ancestors": "The websites that may embed the form, such as https://www.example.com.",
}
FORM_CREATE = Shape("FormCreate", _MEMBERS, required=("name",), described=_DESCRIBED)
FORM_EDIT = Shape("FormEdit", _MEMBERS, described=_DESCRIBED)
