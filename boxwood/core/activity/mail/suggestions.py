"""Mail that waits for a decision ("to be boxed"): it fits several boxes, or came to a mailbox of the team and fits none
of its boxes.

The row of a mail in a user's own mailbox says only where the mail is. Its headers are read from the mailbox when the
user looks, and its text is fetched when the user chooses a box: until then nothing of it is stored.
"""

from __future__ import annotations

import msgspec

from ....db.engine import Db
from ....db.records import Table
from ....errors import Conflict, Invalid, NotFound
from ....lib import ids
from ... import access, boxes, events, pipelines, undo_data
from ...context import Ctx
from ...events import Event
from ...records import Box
from . import mails, storing
from .mails import MailRecord
from .matching import STORE, Decision
from .records import SHARED, Mailbox, Place


class BoxSuggestion(msgspec.Struct, frozen=True):
    key: str
    team_key: str
    mailbox_key: str
    user_key: str | None
    """The owner of the mailbox; None for a mailbox of the team, whose mail all its members see."""
    pipeline_key: str | None
    """Of a dropbox: only its pipeline is proposed."""
    folder: str | None
    uidvalidity: int | None
    uid: int | None
    mail_key: str | None
    """The stored mail, of a mailbox of the team."""
    candidates: list[str]
    """The boxes that fit."""
    wanted: list[str] | None
    """The boxes that the owner chose, until the mail is fetched."""
    actor_key: str | None
    """The user who chose them."""
    created_at: int
    change_key: str | None = None
    """The change in which they were chosen. The mail is stored as a part of it, so that one undo takes both back."""


SUGGESTIONS = Table("box_suggestions", BoxSuggestion)
_VISIBLE = f"""
    SELECT {SUGGESTIONS.columns} FROM box_suggestions
    WHERE wanted IS NULL AND (user_key = :actor AND :within = '' OR user_key IS NULL)
        AND (:within = '' OR team_key = :within)
        AND team_key IN (SELECT team_key FROM team_members WHERE user_key = :actor AND role IN ('Member', 'Owner'))
        AND (pipeline_key IS NULL OR pipeline_key IN (
            SELECT p.key FROM pipelines p WHERE {access.ROLE} IS NOT NULL))
"""


class ShownSuggestion(msgspec.Struct, frozen=True):
    """A suggestion as the actor sees it."""

    suggestion: BoxSuggestion
    mail: MailRecord | None
    """None for mail of a user's own mailbox, which is not stored."""
    boxes: list[Box]
    """The candidates that the actor may see."""


def add(ctx: Ctx, mailbox: Mailbox, place: Place | None, mail_key: str | None, decision: Decision) -> None:
    """Let the owner of the mailbox decide about a mail. Adding it again changes nothing."""
    suggestion = BoxSuggestion(
        key=ids.new("z", ctx.now),
        team_key=mailbox.team_key,
        mailbox_key=mailbox.key,
        user_key=mailbox.owner_key,
        pipeline_key=mailbox.pipeline_key,
        folder=place.folder if place else None,
        uidvalidity=place.uidvalidity if place else None,
        uid=place.uid if place else None,
        mail_key=mail_key,
        candidates=decision.candidates,
        wanted=None,
        actor_key=None,
        created_at=ctx.now,
    )
    if mail_key and ctx.db.row("SELECT 1 FROM box_suggestions WHERE mail_key = :mail", mail=mail_key):
        return
    _insert(ctx.db, suggestion)


def _insert(db: Db, suggestion: BoxSuggestion) -> None:
    columns, values = SUGGESTIONS.columns, ", ".join(f":{name}" for name in SUGGESTIONS.names)
    sql = f"INSERT INTO box_suggestions ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING"
    db.run(sql, **SUGGESTIONS.params(suggestion))


def page(ctx: Ctx, *, limit: int, offset: int) -> list[ShownSuggestion]:
    """The mail that waits for the actor's decision, the newest first."""
    sql = f"{_VISIBLE} ORDER BY created_at DESC, key DESC LIMIT :limit OFFSET :offset"
    return _shown(ctx, SUGGESTIONS.load_all(ctx.db.rows(sql, **ctx.who, limit=limit, offset=offset)))


def get(ctx: Ctx, key: str) -> ShownSuggestion:
    return _shown(ctx, [_get(ctx, key)])[0]


def _get(ctx: Ctx, key: str, *, lock: bool = False) -> BoxSuggestion:
    row = ctx.db.row(f"{_VISIBLE} AND key = :key{ctx.db.for_update if lock else ''}", key=key, **ctx.who)
    if row is None:
        raise NotFound(key)
    return SUGGESTIONS.load(row)


def _shown(ctx: Ctx, found: list[BoxSuggestion]) -> list[ShownSuggestion]:
    records = mails.load(ctx, [each.mail_key for each in found if each.mail_key])
    seen = boxes.seen_among(ctx, {key for each in found for key in each.candidates})
    known = {key: boxes.get(ctx, key) for key in seen}
    return [
        ShownSuggestion(each, records.get(each.mail_key or ""), [known[key] for key in each.candidates if key in known])
        for each in found
    ]


def box(ctx: Ctx, key: str, box_keys: list[str]) -> list[str]:
    """Put the mail into boxes. Returns the keys of the messages; empty if the mail is fetched from a user's own mailbox
    first, which takes some seconds."""
    suggestion = _get(ctx, key, lock=True)
    wanted = list(dict.fromkeys(box_keys))
    if not wanted:
        raise Invalid("boxKeys", "is empty: name the boxes that get the mail")
    for at, box_key in enumerate(wanted):
        try:
            pipeline = boxes.reach(ctx, box_key, "UPDATE")[1]
        except NotFound:
            raise Invalid(f"boxKeys[{at}]", f"there is no box {box_key[:100]!r} that you may see") from None
        if pipeline.team_key != suggestion.team_key:
            raise Invalid(f"boxKeys[{at}]", "must be a box of the mailbox's team")
    if suggestion.mail_key is None and suggestion.uid is None:
        raise Conflict("This mail is not there any longer")
    _record(ctx, "mail_suggestion.boxed", suggestion)
    if suggestion.mail_key is not None:
        messages = [storing.add_stored(ctx, _mailbox(suggestion), suggestion.mail_key, box_key) for box_key in wanted]
        _delete(ctx.db, key)
        return messages
    _want(ctx, key, wanted)
    return []


def _want(ctx: Ctx, key: str, box_keys: list[str]) -> None:
    """Let the synchronization fetch the mail for these boxes."""
    ctx.db.run(
        "UPDATE box_suggestions SET wanted = :wanted, actor_key = :actor, change_key = :change WHERE key = :key",
        wanted=msgspec.json.encode(box_keys).decode(),
        actor=ctx.actor.key,
        change=ctx.change,
        key=key,
    )
    ctx.db.notify("mail_wanted")


def _mailbox(suggestion: BoxSuggestion) -> Mailbox:
    return Mailbox(key=suggestion.mailbox_key, team_key=suggestion.team_key, owner_key=None, address="", kind=SHARED)


def dismiss(ctx: Ctx, key: str) -> None:
    """Leave the mail out of all boxes. A mail in a user's own mailbox is forgotten here; a stored one stays stored."""
    suggestion = _get(ctx, key, lock=True)
    _delete(ctx.db, key)
    _record(ctx, "mail_suggestion.dismissed", suggestion)


def _delete(db: Db, key: str) -> None:
    db.run("DELETE FROM box_suggestions WHERE key = :key", key=key)


# Undo


class Decided(msgspec.Struct, frozen=True):
    """What events say of a decision: nothing of the mail, and not where it is."""

    key: str
    mailbox_key: str


def _record(ctx: Ctx, kind: str, suggestion: BoxSuggestion, box_keys: list[str] | None = None) -> None:
    """Record the event of a decision. About mail in a user's own mailbox, only the user sees it. `box_keys` are the
    boxes of a decision that was taken back before the mail was fetched."""
    team_key = suggestion.team_key if suggestion.user_key is None else None
    pipeline = pipelines.get(ctx, suggestion.pipeline_key) if suggestion.pipeline_key else None
    event_id = events.record(
        ctx, kind, Decided(suggestion.key, suggestion.mailbox_key), team_key=team_key, pipeline=pipeline
    )
    undecided = msgspec.structs.replace(suggestion, wanted=None, actor_key=None, change_key=None)
    undo_data.store(ctx, event_id, {"suggestion": undecided, "box_keys": box_keys or []})


def restore(ctx: Ctx, event: Event) -> None:
    """The mail waits for a decision again. Undoing the other events of the change takes it from its boxes."""
    suggestion = msgspec.convert(undo_data.find(ctx, event.id)["suggestion"], BoxSuggestion)
    row = ctx.db.row(
        f"SELECT {SUGGESTIONS.columns} FROM box_suggestions WHERE key = :key{ctx.db.for_update}", key=suggestion.key
    )
    if row is not None:
        box_keys = SUGGESTIONS.load(row).wanted
        if box_keys is None:
            raise Conflict("the mail waits for a decision already")
        sql = "UPDATE box_suggestions SET wanted = NULL, actor_key = NULL, change_key = NULL WHERE key = :key"
        ctx.db.run(sql, key=suggestion.key)
    else:
        box_keys = None
        _require_there(ctx, suggestion)
        _insert(ctx.db, suggestion)
    _get(ctx, suggestion.key)
    _record(ctx, "mail_suggestion.restored", suggestion, box_keys)


def _require_there(ctx: Ctx, suggestion: BoxSuggestion) -> None:
    row = ctx.db.row(
        """
        SELECT 1 FROM mails WHERE key = :mail
        UNION SELECT 1 FROM mail_folders WHERE mailbox_key = :mailbox AND name = :folder AND uidvalidity = :validity
        """,
        mail=suggestion.mail_key or "",
        mailbox=suggestion.mailbox_key,
        folder=suggestion.folder or "",
        validity=suggestion.uidvalidity or 0,
    )
    if row is None:
        raise Conflict("the mail is not there any longer")


def decide_again(ctx: Ctx, event: Event) -> None:
    """Undo a `restore`."""
    held = undo_data.find(ctx, event.id)
    if held["box_keys"]:
        box(ctx, event.subject_key or "", held["box_keys"])
    else:
        dismiss(ctx, event.subject_key or "")


# For the synchronization of mailboxes


def wanted(db: Db, mailbox_key: str, *, limit: int = 100) -> list[BoxSuggestion]:
    """The mails of a user's own mailbox that the user chose boxes for, and that are not fetched yet."""
    sql = f"""
        SELECT {SUGGESTIONS.columns} FROM box_suggestions WHERE mailbox_key = :mailbox AND wanted IS NOT NULL
        ORDER BY created_at, key LIMIT :limit
    """
    return SUGGESTIONS.load_all(db.rows(sql, mailbox=mailbox_key, limit=limit))


def chosen(suggestion: BoxSuggestion) -> Decision:
    """The decision with which to store a mail of `wanted`."""
    return Decision(STORE, "chosen", suggestion.wanted or [], change_key=suggestion.change_key or "")


def is_chosen(db: Db, place: Place, change_key: str) -> bool:
    """Whether the mail is still to be stored: the user may have taken the decision back while it was fetched."""
    sql = f"""
        SELECT 1 FROM box_suggestions WHERE mailbox_key = :mailbox AND folder = :folder AND uidvalidity = :validity
            AND uid = :uid AND change_key = :change{db.for_update}
    """
    given = {"folder": place.folder, "validity": place.uidvalidity, "uid": place.uid, "change": change_key}
    return db.row(sql, mailbox=place.mailbox_key, **given) is not None


def finish(db: Db, suggestion: BoxSuggestion) -> None:
    """The mail of `wanted` is stored, or it is not in the mailbox any longer."""
    sql = "DELETE FROM box_suggestions WHERE key = :key AND wanted IS NOT NULL AND COALESCE(change_key, '') = :change"
    db.run(sql, key=suggestion.key, change=suggestion.change_key or "")


def forget_place(db: Db, mailbox_key: str, folder: str, uidvalidity: int, uids: list[int]) -> None:
    """Mails are gone from a folder of a mailbox: their suggestions are removed."""
    db.many(
        """
        DELETE FROM box_suggestions WHERE mailbox_key = :mailbox AND folder = :folder AND uidvalidity = :validity
            AND uid = :uid AND mail_key IS NULL
        """,
        [{"mailbox": mailbox_key, "folder": folder, "validity": uidvalidity, "uid": uid} for uid in uids],
    )


def forget_mailbox(db: Db, mailbox_key: str) -> None:
    """The mailbox was disconnected: its suggestions are removed."""
    db.run("DELETE FROM box_suggestions WHERE mailbox_key = :mailbox", mailbox=mailbox_key)
