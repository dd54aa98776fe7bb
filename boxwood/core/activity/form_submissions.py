"""What was sent with a web form: it becomes a box, with the contact of the sender and the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...errors import Invalid
from ...lib import dates
from ...lib.durations import DAY
from ...lib.lines import on_one_line
from .. import boxes, persons
from ..contacts import entries
from ..context import Ctx
from ..people.contacts import CONTACTS
from ..records import Field
from . import files
from .files import Upload
from .forms import (
    CONTACT_EMAIL,
    CONTACT_NAME,
    CONTACT_PHONE,
    CONTACT_TITLE,
    FILE,
    NAME,
    NOTES,
    Form,
    FormField,
)

STORED = 2 * DAY
"""How long pages that were sent are remembered, so that a page that is sent again makes no second box."""
LONGEST = 10_000
Answers = Mapping[str, Sequence[str]]
"""What was typed, by target. Lists of choices have several values."""


class Submitted(NamedTuple):
    box_key: str
    repeated: bool
    """Whether this page had been sent before."""


def faults(form: Form, fields: Mapping[str, Field], answers: Answers, *, consent: bool) -> dict[str, str]:
    """What is wrong with the answers, by target, in the words of the form."""
    settings, found = form.settings, {}
    answers = _asked(form, answers)
    for each in form.fields:
        given = [text for text in answers[each.target] if text]
        if each.required and not given and each.target != FILE:
            found[each.target] = settings.required_text
        elif given and not _is_right(each, fields, given):
            found[each.target] = settings.invalid_text
    if settings.consent and not consent:
        found["consent"] = settings.required_text
    return found


def _asked(form: Form, answers: Answers) -> Answers:
    """The answers to the questions of the form; anyone may send others. A hidden question without a parameter has its
    default. All but notes are on one line, because they become names and parts of mails."""
    found = {}
    for each in form.fields:
        given = [each.default] if each.hidden and not each.parameter else answers.get(each.target, ())
        found[each.target] = [text.strip() if each.target == NOTES else on_one_line(text) for text in given]
    return found


def _is_right(each: FormField, fields: Mapping[str, Field], given: Sequence[str]) -> bool:
    if any(len(text) > LONGEST or "\x00" in text for text in given):
        return False
    try:
        if each.target == CONTACT_EMAIL:
            persons.check_email(given[0])
        elif each.target in fields:
            _value(fields[each.target], given)
    except (Invalid, dates.DateError, KeyError):
        return False
    return True


def _value(field: Field, given: Sequence[str]) -> Any:
    """The answers as the field stores them. Raises `KeyError` for an unknown option."""
    known = {option.key: option.key for option in field.options}
    match field.type:
        case "DROPDOWN":
            return known[given[0]]
        case "TAG":
            return [known[key] for key in given]
        case "CHECKBOX":
            return True
        case "DATE":
            return dates.read(given[0])
    return given[0]


def seen(ctx: Ctx, form: Form, page: str) -> Submitted | None:
    """The box that this page made when it was sent before; None if it was not."""
    row = ctx.db.row(
        "SELECT box_key FROM form_submissions WHERE form_key = :form AND page = :page", form=form.key, page=page
    )
    return Submitted(row[0], True) if row else None


def submit(
    ctx: Ctx, form: Form, fields: Mapping[str, Field], answers: Answers, uploads: Sequence[Upload], page: str
) -> Submitted:
    """Create the box, and the contact unless there is one with this e-mail address. Raises a `Problem` if the owner of
    the form may not, or a rule of the pipeline rejects the box."""
    if before := seen(ctx, form, page):
        return before
    answers = _asked(form, answers)
    texts = {target: given[0] for target, given in answers.items() if given and given[0]}
    contact_key = _contact(ctx, form, texts)
    notes = [texts[NOTES]] if NOTES in texts else []
    if form.settings.consent:
        notes.append(f"☑ {form.settings.consent}")
    given: dict[str, Any] = {
        "name": _name(form, texts)[:1000],
        "notes": "\n\n".join(notes),
        "fields": {
            target: _value(fields[target], [text for text in given if text])
            for target, given in answers.items()
            if target in fields and any(given)
        },
    }
    if form.settings.stage_key:
        given["stage_key"] = form.settings.stage_key
    if contact_key:
        given["contacts"] = [{"key": contact_key}]
    box = boxes.create(ctx, form.pipeline_key, given)
    for upload in uploads:
        files.upload(ctx, box.key, upload)
    ctx.db.run("DELETE FROM form_submissions WHERE form_key = :form AND at < :at", form=form.key, at=ctx.now - STORED)
    ctx.db.run(
        "INSERT INTO form_submissions (form_key, page, box_key, at) VALUES (:form, :page, :box, :at)",
        form=form.key,
        page=page,
        box=box.key,
        at=ctx.now,
    )
    return Submitted(box.key, False)


def _name(form: Form, texts: Mapping[str, str]) -> str:
    for target in (NAME, CONTACT_NAME, CONTACT_EMAIL):
        if text := " ".join(texts.get(target, "").split()):
            return text
    return form.settings.title or form.name


def _contact(ctx: Ctx, form: Form, texts: Mapping[str, str]) -> str | None:
    """The contact of the sender. A contact that is known stays as it is: anyone may type an address."""
    given: dict[str, Any] = {}
    if name := texts.get(CONTACT_NAME, ""):
        given["given_name"], _, given["family_name"] = name.partition(" ")
    if email := texts.get(CONTACT_EMAIL):
        given["email_addresses"] = [persons.check_email(email)]
    if not given:
        return None
    if phone := texts.get(CONTACT_PHONE):
        given["phone_numbers"] = [phone]
    if title := texts.get(CONTACT_TITLE):
        given["title"] = title
    team_key = _team_of(ctx, form)
    found = entries.find_match(ctx, CONTACTS, team_key, given) if email else None
    return (found or entries.create(ctx, CONTACTS, team_key, given)).key


def _team_of(ctx: Ctx, form: Form) -> str:
    row = ctx.db.row("SELECT team_key FROM pipelines WHERE key = :key", key=form.pipeline_key)
    assert row is not None
    return str(row[0])
