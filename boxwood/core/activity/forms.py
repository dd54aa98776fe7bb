"""Web forms of a pipeline: what a form asks, and where the answers go.

A form acts as the user who saved it last. So it can do no more than this user, and stops when they lose their access.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Forbidden, Insufficient, Invalid, NotFound
from ...lib import ids
from .. import access, events, pipelines, trash
from ..accounts import api_keys, locked_users
from ..context import Ctx
from ..people import contact_access
from ..people.contacts import CONTACTS
from ..pipelines import names, schema
from ..records import USERS, Field, Pipeline, User

MOST, MOST_FIELDS = 100, 50
LONGEST, LONGEST_TEXT = 200, 5000
NAME, NOTES, FILE = "name", "notes", "file"
CONTACT_NAME, CONTACT_EMAIL, CONTACT_PHONE, CONTACT_TITLE = (
    f"contact.{member}" for member in ("name", "email", "phone", "title")
)
OWN_TARGETS = (NAME, NOTES, FILE, CONTACT_NAME, CONTACT_EMAIL, CONTACT_PHONE, CONTACT_TITLE)
FIELD_TYPES = ("TEXT_INPUT", "DROPDOWN", "TAG", "CHECKBOX", "DATE")
"""The types of the fields that a form may ask for."""
_SITE = re.compile(r"https?://[a-z0-9*]([a-z0-9.*-]{0,250})(:[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
_ADDRESS = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?([/?#][^\s\"'<>]*)?", re.IGNORECASE | re.ASCII)
_PARAMETER = re.compile(r"[A-Za-z0-9_.-]{1,60}", re.ASCII)

_NEEDED = (
    *("button", "thanks", "required_text", "invalid_text", "again_text", "failed_text", "too_large_text"),
    "closed_text",
)
"""The texts that are never empty."""


class FormField(msgspec.Struct, frozen=True):
    """A question of a form."""

    target: str
    """Where the answer goes: one of `OWN_TARGETS`, or the key of a field."""
    label: str
    help: str = ""
    required: bool = False
    hidden: bool = False
    """Whether it is not shown: its value comes from the address of the page."""
    parameter: str = ""
    """The parameter of the page's address that fills it; for a shown field it can be changed."""
    default: str = ""


class FormSettings(msgspec.Struct, frozen=True):
    """What a form shows besides its questions, in the words and the language of its users."""

    title: str = ""
    intro: str = ""
    language: str = "en"
    button: str = "Send"
    thanks: str = "Thank you. We have received what you sent."
    redirect: str = ""
    """The address to which the browser goes afterwards; empty to show `thanks`."""
    consent: str = ""
    """The text of a box that must be checked; empty for none."""
    required_text: str = "Please fill this in."
    invalid_text: str = "Please check this."
    again_text: str = "Please check what you typed, and send it again."
    failed_text: str = "This could not be stored now. Nothing is lost: please send it again in a moment."
    too_large_text: str = "The file is too large. Please send it without this file, or with a smaller one."
    closed_text: str = "This form does not take answers at the moment."
    """What visitors see while the owner of the form may not create boxes, or the contacts that it asks for."""
    stage_key: str = ""
    """The stage of new boxes; empty for the first."""
    frame_ancestors: list[str] = []
    """The websites that may embed the form, such as https://www.example.com."""


class Form(msgspec.Struct, frozen=True):
    key: str
    pipeline_key: str
    owner_key: str
    name: str
    enabled: bool
    fields: list[FormField]
    settings: FormSettings
    created_at: int
    saved_at: int


FORMS = Table("forms", Form)


def page(ctx: Ctx, pipeline_key: str, *, limit: int, offset: int) -> list[Form]:
    """The forms of a pipeline, the oldest first."""
    pipeline = pipelines.get(ctx, pipeline_key)
    rows = ctx.db.rows(
        f"""
        SELECT {FORMS.columns} FROM forms WHERE pipeline_key = :pipeline
        ORDER BY created_at, key LIMIT :limit OFFSET :offset
        """,
        pipeline=pipeline.key,
        limit=limit,
        offset=offset,
    )
    return FORMS.load_all(rows)


def get(ctx: Ctx, pipeline_key: str, key: str) -> Form:
    pipeline = pipelines.get(ctx, pipeline_key)
    row = ctx.db.row(
        f"SELECT {FORMS.columns} FROM forms WHERE key = :key AND pipeline_key = :pipeline",
        key=key,
        pipeline=pipeline.key,
    )
    if row is None:
        raise NotFound(key)
    return FORMS.load(row)


def create(ctx: Ctx, pipeline_key: str, given: dict[str, Any]) -> Form:
    """Create a form from its `name` and any member that `edit` takes. Without fields, it asks for name and e-mail."""
    _require_no_limits(ctx)
    pipeline = _changeable(ctx, pipeline_key)
    if not given.get("name"):
        raise Insufficient("Form", "name")
    count = ctx.db.row("SELECT COUNT(*) FROM forms WHERE pipeline_key = :pipeline", pipeline=pipeline.key)
    if count and count[0] >= MOST:
        raise Invalid("name", f"the pipeline has {MOST} forms already: delete some first")
    asked = given.get("fields") or [
        {"target": CONTACT_NAME, "label": "Your name", "required": True},
        {"target": CONTACT_EMAIL, "label": "Your e-mail address", "required": True},
        {"target": NOTES, "label": "Your message"},
    ]
    form = Form(
        key=ids.new("w", ctx.now),
        pipeline_key=pipeline.key,
        owner_key=ctx.actor.key,
        name=given["name"],
        enabled=given.get("enabled") is not False,
        fields=[FormField(**each) for each in asked],
        settings=FormSettings(title=given["name"]),
        created_at=ctx.now,
        saved_at=ctx.now,
    )
    form = _checked(ctx, pipeline, _with_settings(form, given))
    FORMS.insert(ctx.db, form)
    record_event(ctx, "form.created", form, pipeline)
    return form


def edit(ctx: Ctx, pipeline_key: str, key: str, changes: dict[str, Any]) -> Form:
    """Apply the given members; members equal to the stored ones are ignored. The actor becomes the form's owner."""
    _require_no_limits(ctx)
    pipeline = _changeable(ctx, pipeline_key)
    before = get(ctx, pipeline_key, key)
    if "name" in changes and not changes["name"]:
        raise Invalid("name", "must not be empty")
    own: dict[str, Any] = {name: changes[name] for name in ("name", "enabled") if changes.get(name) is not None}
    if changes.get("fields") is not None:
        own["fields"] = [FormField(**each) for each in changes["fields"]]
    form = _checked(ctx, pipeline, _with_settings(msgspec.structs.replace(before, **own), changes))
    changed = [
        name for name in ("name", "enabled", "fields", "settings") if getattr(form, name) != getattr(before, name)
    ]
    if not changed:
        return before
    form = msgspec.structs.replace(form, owner_key=ctx.actor.key, saved_at=ctx.now)
    FORMS.update(ctx.db, form, *changed, "owner_key", "saved_at")
    record_event(ctx, "form.edited", form, pipeline, before={name: getattr(before, name) for name in changed})
    return form


def delete(ctx: Ctx, pipeline_key: str, key: str) -> None:
    """Move a form to the trash. Its page is gone until it is restored."""
    pipeline = _changeable(ctx, pipeline_key)
    form = get(ctx, pipeline_key, key)
    trash.store(ctx, "form", key, form.name, pipeline=pipeline)
    ctx.db.run("DELETE FROM forms WHERE key = :key", key=key)
    record_event(ctx, "form.deleted", form, pipeline)


def record_event(ctx: Ctx, kind: str, form: Form, pipeline: Pipeline, *, before: dict[str, Any] | None = None) -> None:
    events.record(ctx, kind, form, pipeline=pipeline, before=before, people=[form.owner_key], subject=form.name)


def _require_no_limits(ctx: Ctx) -> None:
    """Raise `Forbidden` if a key with limits acts: the form would go on when the key has ended."""
    if ctx.has_limits:
        raise Forbidden(
            "An API key with limits may not create or change web forms, because a form has none of its limits: use a "
            "key without limits, or sign in"
        )


def _changeable(ctx: Ctx, pipeline_key: str) -> Pipeline:
    """The pipeline, if the actor may change it."""
    api_keys.require_self(ctx)
    pipeline, role = pipelines.reach(ctx, pipeline_key, change=True)
    access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
    access.require_some(role, "BOX", "CREATE")
    return pipeline


def _with_settings(form: Form, given: Mapping[str, Any]) -> Form:
    changes = {
        name: given[name] for name in FormSettings.__struct_fields__ if name in given and given[name] is not None
    }
    return msgspec.structs.replace(form, settings=msgspec.structs.replace(form.settings, **changes))


def _checked(ctx: Ctx, pipeline: Pipeline, form: Form) -> Form:
    """Check the texts, and that every answer has a place. Returns the form with keys in place of names."""
    by_key = schema.fields_by_key(ctx, pipeline.key)
    if not form.fields:
        raise Invalid("fields", "must not be empty: ask at least one question")
    if len(form.fields) > MOST_FIELDS:
        raise Invalid("fields", f"must not be more than {MOST_FIELDS}")
    fields = [_checked_field(by_key, each, f"fields[{at}]") for at, each in enumerate(form.fields)]
    targets = [each.target for each in fields if each.target != FILE]
    for target in targets:
        if targets.count(target) > 1:
            raise Invalid("fields", f"two fields go to {target!r}")
    settings = form.settings
    for name, text in msgspec.structs.asdict(settings).items():
        most = LONGEST if name in ("title", "button") else LONGEST_TEXT
        if isinstance(text, str) and len(text) > most:
            raise Invalid(_wire(name), f"is longer than {most:,} characters")
    for name in _NEEDED:
        if not getattr(settings, name).strip():
            raise Invalid(_wire(name), "must not be empty")
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", settings.language):
        raise Invalid("language", "must be the code of a language, such as en or de-CH")
    if settings.redirect and not (len(settings.redirect) <= 2000 and _ADDRESS.fullmatch(settings.redirect)):
        raise Invalid("redirect", "must be an address that begins with https:// or http://")
    for site in settings.frame_ancestors:
        if not _SITE.fullmatch(site):
            raise Invalid("frameAncestors", f"{site[:100]!r} is not a website such as https://www.example.com")
    if settings.stage_key:
        stage = names.stage_for_box(ctx, pipeline, settings.stage_key)
        settings = msgspec.structs.replace(settings, stage_key=stage.key)
    if _asks_for_contact(fields):
        _require_contacts(ctx, pipeline)
    return msgspec.structs.replace(form, fields=fields, settings=settings)


def _asks_for_contact(fields: Sequence[FormField]) -> bool:
    return any(each.target in (CONTACT_NAME, CONTACT_EMAIL) for each in fields)


def _require_contacts(ctx: Ctx, pipeline: Pipeline) -> None:
    """Raise `Forbidden` if the actor may not create contacts: every visitor would be refused."""
    try:
        may = contact_access.reach_team(ctx, CONTACTS.name, pipeline.team_key)[1].create
    except NotFound:
        may = False
    if not may:
        raise Forbidden(
            "You may not create contacts in this team, and the form asks for contact.name or contact.email: take these "
            "questions out, or let a user save the form who may"
        )


def _wire(name: str) -> str:
    """The member as the API spells it."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _checked_field(by_key: Mapping[str, Field], each: FormField, where: str) -> FormField:
    if not each.label.strip() or len(each.label) > LONGEST or len(each.help) > 1000 or len(each.default) > 1000:
        raise Invalid(f"{where}.label", f"must have 1 to {LONGEST} characters")
    if each.target not in OWN_TARGETS:
        field = by_key.get(each.target) or names.find_field(by_key, each.target, f"{where}.target")
        if field is None or field.type not in FIELD_TYPES:
            known = ", ".join([*OWN_TARGETS, *(key for key, of in by_key.items() if of.type in FIELD_TYPES)])
            raise Invalid(f"{where}.target", f"must be one of {known}; a form cannot ask for {each.target[:50]!r}")
        each = msgspec.structs.replace(each, target=field.key)
    if each.hidden and (each.required or each.target == FILE):
        raise Invalid(f"{where}.hidden", "must not be true for files and for fields that must be filled in")
    if each.parameter and not _PARAMETER.fullmatch(each.parameter):
        raise Invalid(f"{where}.parameter", "must have up to 60 letters, digits, dots, dashes and underscores")
    return each


# For the page


def find(db: Db, key: str) -> tuple[Form, User, dict[str, Field]] | None:
    """A form that is switched on, its owner, and the fields of its pipeline. None if there is no such form."""
    row = db.row(
        f"""
        SELECT {FORMS.of("f")}, {USERS.of("u")} FROM forms f JOIN users u ON u.key = f.owner_key
        JOIN pipelines p ON p.key = f.pipeline_key
        WHERE f.key = :key AND f.enabled = TRUE AND p.trashed_at IS NULL
        """,
        key=key,
    )
    if row is None:
        return None
    form, owner = FORMS.load(row), USERS.load(row[len(FORMS.names) :])
    return form, owner, dict(schema.fields_by_key(Ctx(db, 0, owner), form.pipeline_key))


def is_open(db: Db, form: Form, owner: User, now: int) -> bool:
    """Whether the owner of the form may create its boxes and contacts."""
    try:
        ctx = acting(db, form, owner, now)
        pipeline, role = pipelines.reach(ctx, form.pipeline_key)
        access.require_some(role, "BOX", "CREATE")
        if _asks_for_contact(form.fields):
            _require_contacts(ctx, pipeline)
    except (Forbidden, NotFound):
        return False
    return True


def acting(db: Db, form: Form, owner: User, now: int) -> Ctx:
    """The context in which a form creates boxes. Raises `Forbidden` if its owner is locked."""
    locked_users.require_unlocked(db, owner.key)
    return Ctx(db, now, owner, via=f"form:{form.key}")
