"""Reads the JSON of the Streak API as records, with the keys that people and things have here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from ....errors import Invalid
from ....lib import addresses
from ...contacts import entries
from ...people.contact_access import Noun
from ...records import Box, BoxActivity, BoxEmails, BoxLink, Field, StageStay
from ..comments import Comment, Reaction
from ..files import File, safe_name
from ..meetings import Meeting
from ..mentions import Mention
from ..snippets import Snippet
from ..tasks import DONE, NOT_DONE, Task
from ..threads import Thread

Json = dict[str, Any]
_KEY_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=")
LONGEST_KEY = 250
PEOPLE = ("creatorKey", "lastSavedUserKey", "userKey", "creator")
"""Members that hold the key of a user."""


class Names(msgspec.Struct):
    """The keys that people and things of the source have here, where these differ, and the users that are known."""

    team_key: str
    owner_key: str
    """The user who imports. They stand for people whom the source does not show."""
    users: dict[str, str] = {}
    """By their keys at the source."""
    by_email: dict[str, str] = {}
    things: dict[str, str] = {}
    """Contacts and organizations that were here already."""

    def user(self, key: Any) -> str:
        return self.users.get(key, self.owner_key) if isinstance(key, str) else self.owner_key

    def named(self, entries: Any) -> list[str]:
        """The users that a list of people names, by key or e-mail."""
        found = []
        for entry in entries or []:
            given = entry if isinstance(entry, dict) else {"userKey": entry}
            key = self.users.get(given.get("userKey") or given.get("key") or "")
            key = key or self.by_email.get(addresses.one_form(str(given.get("email") or "")))
            if key:
                found.append(key)
        return list(dict.fromkeys(found))

    def thing(self, key: str) -> str:
        return self.things.get(key, key)


def key_of(given: Json, noun: str) -> str:
    """The key of a thing. Raises `Invalid` if it cannot be one."""
    return checked_key(given.get("key") or given.get(f"{noun}Key"), noun)


def checked_key(key: Any, noun: str) -> str:
    if isinstance(key, str) and 0 < len(key) <= LONGEST_KEY and _KEY_CHARACTERS.issuperset(key):
        return key
    raise Invalid("key", f"of a {noun} is missing, or is none: {str(key)[:50]!r}")


def people_in(value: Any) -> Iterator[Json]:
    """The people that JSON of the source names: `userKey`, and `email` and `fullName` where it has them."""
    if isinstance(value, list):
        for item in value:
            yield from people_in(item)
    elif isinstance(value, dict):
        if isinstance(value.get("userKey"), str) and isinstance(value.get("email"), str):
            yield value
            return
        for name, item in value.items():
            if name in PEOPLE and isinstance(item, str) and item:
                yield {"userKey": item}
            elif name == "followerKeys" and isinstance(item, list):
                yield from ({"userKey": key} for key in item if isinstance(key, str))
            else:
                yield from people_in(item)


def text(value: Any) -> str | None:
    return value.replace("\x00", "") if isinstance(value, str) and value else None


def texts(value: Any) -> list[str]:
    given = value if isinstance(value, list) else [value]
    return [item.replace("\x00", "") for item in given if isinstance(item, str) and item]


def moment(given: Json, *names: str, default: int = 0) -> int:
    """The first of these times that is there."""
    for name in names:
        value = given.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            return int(value)
    return default


def optional(given: Json, name: str) -> int | None:
    return moment(given, name) or None


def count(given: Json, name: str) -> int:
    value = given.get(name)
    return int(value) if isinstance(value, (int, float)) else 0


# Contacts and organizations

_WIRE = {
    "given_name": "givenName",
    "family_name": "familyName",
    "title": "title",
    "other": "other",
    "photo_url": "photoUrl",
    "name": "name",
    "industry": "industry",
    "employee_count": "employeeCount",
    "logo_url": "logoURL",
    "twitter_handle": "twitterHandle",
    "facebook_handle": "facebookHandle",
    "linkedin_handle": "linkedinHandle",
    "instagram_handle": "instagramHandle",
}
_LISTS = {
    "email_addresses": "emailAddresses",
    "phone_numbers": "phoneNumbers",
    "addresses": "addresses",
    "domains": "domains",
}


def entry(given: Json, noun: Noun[Any], names: Names, known_fields: Mapping[str, str]) -> Any:
    """A contact or an organization, without its links. `known_fields` are the keys that the team's fields have here,
    by their keys at the source."""
    created_at = moment(given, "creationDate", "versionTimestamp", "lastSavedTimestamp", default=1)
    members: dict[str, Any] = {
        "key": key_of(given, noun.singular),
        "team_key": names.team_key,
        "normalized_domains": [],
        "fields": {
            known_fields[key]: str(value)
            for key, value in sorted((given.get("fields") or {}).items())
            if key in known_fields and value not in (None, "")
        },
        "creator_key": names.user(given.get("creatorKey")),
        "saved_by": names.user(given.get("lastSavedUserKey") or given.get("creatorKey")),
        "created_at": created_at,
        "updated_at": moment(given, "versionTimestamp", "lastSavedTimestamp", default=created_at),
        "saved_at": moment(given, "lastSavedTimestamp", default=created_at),
    }
    for name in noun.table.names:
        if name in _WIRE:
            value = given.get(_WIRE[name])
            members[name] = text(str(value) if isinstance(value, (int, float)) else value)
        elif name in _LISTS:
            found = texts(given.get(_LISTS[name]))
            if name == "email_addresses":
                found = [addresses.one_form(address) for address in found]
            members[name] = list(dict.fromkeys(value.strip() for value in found if value.strip()))
    read = noun.table.record(**members)
    return msgspec.structs.replace(read, normalized_domains=entries.normalized_domains(read))


def links(given: Json, name: str, names: Names) -> list[tuple[str, bool, int]]:
    """The links of a contact or organization (`contactLinks`, `orgLinks`): key, whether it is magic, and its time."""
    return [
        (names.thing(link["key"]), bool(link.get("isMagicLinked")), moment(link, "creationTimestamp", default=1))
        for link in given.get(name) or []
        if isinstance(link, dict) and isinstance(link.get("key"), str)
    ]


# Boxes


def box(given: Json, pipeline_key: str, stages: list[str], fields: Mapping[str, Field], names: Names) -> Box:
    """A box without the boxes that it is linked to, which may not be here yet."""
    created_at = moment(given, "creationTimestamp", "lastSavedTimestamp", default=1)
    stage_key = str(given.get("stageKey") or "")
    if stage_key not in stages:
        raise Invalid("stageKey", f"is {stage_key[:20]!r}, and the pipeline has no such stage")
    changed_at = moment(given, "lastStageChangeTimestamp", default=created_at)
    history = [
        StageStay(
            str(stay.get("stageKey")),
            moment(stay, "lastEntryToStageTs", default=created_at),
            count(stay, "timeInStageMs"),
        )
        for stay in given.get("stageHistoryEntries") or []
        if isinstance(stay, dict) and str(stay.get("stageKey")) in stages
    ]
    if stage_key not in {stay.stage_key for stay in history}:
        history.append(StageStay(stage_key, changed_at, 0))
    return Box(
        key=key_of(given, "box"),
        pipeline_key=pipeline_key,
        stage_key=stage_key,
        name=text(given.get("name")) or "(no name)",
        notes=text(given.get("notes")),
        creator_key=names.user(given.get("creatorKey")),
        source=text(given.get("creationSourceType")) or "HUMAN",
        fields=values(given.get("fields"), fields, names),
        assignee_keys=names.named(given.get("assignedToSharingEntries")),
        follower_keys=names.named(given.get("followerKeys")),
        linked_box_keys=[],
        contacts=_box_links(given.get("contacts"), names),
        organizations=_box_links(given.get("organizations"), names),
        emails=BoxEmails(
            texts(given.get("emailAddresses")),
            texts(given.get("emailAddressesAutoExtracted")),
            texts(given.get("emailAddressesBlacklist")),
            texts(given.get("emailAddressesWhitelist")),
        ),
        stage_history=history,
        activity=_mail_activity(given),
        violations=[],
        created_at=created_at,
        updated_at=moment(given, "lastUpdatedTimestamp", default=created_at),
        saved_at=moment(given, "lastSavedTimestamp", default=created_at),
        stage_changed_at=changed_at,
    )


def _box_links(given: Any, names: Names) -> list[BoxLink]:
    found = {
        names.thing(link["key"]): BoxLink(
            names.thing(link["key"]), bool(link.get("isStarred")), bool(link.get("isAutoboxed"))
        )
        for link in given or []
        if isinstance(link, dict) and isinstance(link.get("key"), str)
    }
    return list(found.values())


def _mail_activity(given: Json) -> BoxActivity:
    """The numbers and times of the mail. The mail itself is in Gmail, and does not come."""
    return BoxActivity(
        emails_total=count(given, "totalNumberOfEmails"),
        emails_sent=count(given, "totalNumberOfSentEmails"),
        emails_received=count(given, "totalNumberOfReceivedEmails"),
        sent_views=count(given, "totalNumberOfSentEmailsViews"),
        last_sent_views=count(given, "totalNumberOfLastSentEmailViews"),
        last_sent_clicks=count(given, "totalNumberOfLastSentEmailLinksClicks"),
        first_email_at=optional(given, "firstEmailTimestamp"),
        first_email_from=text(given.get("firstEmailFrom")),
        first_received_at=optional(given, "firstEmailReceivedTimestamp"),
        first_sent_at=optional(given, "firstEmailSentTimestamp"),
        last_email_at=optional(given, "lastEmailUpdatedTimestamp"),
        last_email_from=text(given.get("lastEmailFrom")),
        last_received_at=optional(given, "lastEmailReceivedTimestamp"),
        last_sent_at=optional(given, "lastEmailSentTimestamp"),
    )


def values(given: Any, fields: Mapping[str, Field], names: Names) -> dict[str, Any]:
    """The values of fields. Formulas are left out, because they are computed here."""
    found: dict[str, Any] = {}
    for key, value in sorted((given or {}).items()):
        field = fields.get(key)
        if field is None or field.type == "FORMULA" or value is None or value in ("", []):
            continue
        if field.type == "PERSON":
            value = _persons(value, names)
        elif field.type in ("TEAM_CONTACT", "TEAM_ORGANIZATION"):
            value = [names.thing(each) for each in _keys(value)]
        elif field.type == "TAG":
            value = texts(value)
        if value not in ("", []):
            found[key] = value.replace("\x00", "") if isinstance(value, str) else value
    return found


def _keys(value: Any) -> Iterable[str]:
    for item in value if isinstance(value, list) else [value]:
        key = item.get("key") if isinstance(item, dict) else item
        if isinstance(key, str) and key:
            yield key


def _persons(value: Any, names: Names) -> list[dict[str, str]]:
    found = []
    for person in value if isinstance(value, list) else [value]:
        given = person if isinstance(person, dict) else {"email": person}
        email, full_name = str(given.get("email") or ""), str(given.get("fullName") or "")
        keys = names.named([given])
        found.append({**({"userKey": keys[0]} if keys else {}), "email": email, "fullName": full_name})
    return found


# What is in a box


def task(given: Json, box: Box, names: Names) -> Task:
    created_at = moment(given, "creationDate", "lastSavedTimestamp", default=1)
    return Task(
        number=0,
        key=key_of(given, "task"),
        box_key=box.key,
        pipeline_key=box.pipeline_key,
        creator_key=names.user(given.get("creatorKey")),
        text=text(given.get("text")) or "(no text)",
        due_at=optional(given, "dueDate"),
        status=DONE if given.get("status") == DONE else NOT_DONE,
        reminder_status=text(given.get("reminderStatus")) or "NONE",
        remind_followers=False,
        assignee_keys=names.named(given.get("assignedToSharingEntries") or given.get("assignedTo")),
        is_draft=bool(given.get("isDraft")),
        meeting_key=text(given.get("meetingKey")),
        contact_key=names.thing(given["teamContactKey"]) if text(given.get("teamContactKey")) else None,
        created_at=created_at,
        saved_at=moment(given, "lastSavedTimestamp", default=created_at),
        status_changed_at=moment(given, "lastStatusChangeDate", default=created_at),
    )


def comment(given: Json, box: Box, names: Names) -> Comment:
    created_at = moment(given, "timestamp", "lastSavedTimestamp", default=1)
    return Comment(
        key=key_of(given, "comment"),
        box_key=box.key,
        pipeline_key=box.pipeline_key,
        creator_key=names.user(given.get("creatorKey")),
        message=text(given.get("message")) or "(empty)",
        mentions=[
            Mention(names.user(mention.get("userKey")), mention.get("offset"), mention.get("length"))
            for mention in given.get("mentions") or []
            if isinstance(mention, dict) and mention.get("userKey") in names.users
        ],
        parent_key=text(given.get("parent")),
        event_id=None,
        created_at=created_at,
        saved_at=moment(given, "lastSavedTimestamp", default=created_at),
    )


def reactions(given: Json, comment: Comment, names: Names) -> list[Reaction]:
    return [
        Reaction(comment.key, str(summary.get("emoji"))[:64], user_key, comment.created_at + at)
        for summary in given.get("reactionSummary") or []
        if isinstance(summary, dict)
        for at, user_key in enumerate(names.named(summary.get("users")))
    ]


def meeting(given: Json, box: Box, names: Names) -> Meeting:
    created_at = moment(given, "creationDate", "lastSavedTimestamp", default=1)
    return Meeting(
        key=key_of(given, "meeting"),
        box_key=box.key,
        pipeline_key=box.pipeline_key,
        creator_key=names.user(given.get("creatorKey")),
        type="CALL_LOG" if given.get("meetingType") == "CALL_LOG" else "MEETING_NOTES",
        start_at=moment(given, "startTimestamp", default=created_at),
        duration_ms=int(given["duration"]) if isinstance(given.get("duration"), (int, float)) else None,
        notes=text(given.get("notes")) or "",
        is_draft=bool(given.get("isDraft")),
        created_at=created_at,
        saved_at=moment(given, "lastSavedTimestamp", default=created_at),
    )


def file(given: Json, box: Box, names: Names, threads: set[str]) -> File:
    """A file without its bytes. `threads` are the threads of the box."""
    drive_id = text(given.get("driveFileId")) or (
        text(given.get("gmailAPIFileId")) if given.get("fileType") not in (None, "GMAIL_API") else None
    )
    size = str(given.get("size") or "")
    created_at = moment(given, "creationTimestamp", "lastSavedTimestamp", default=1)
    owner = names.by_email.get(addresses.one_form(str(given.get("fileOwner") or "")), names.owner_key)
    thread_key = text(given.get("threadKey"))
    return File(
        key=key_of(given, "file"),
        box_key=box.key,
        owner_key=owner,
        name=safe_name(str(given.get("fileName") or given.get("mainFileName") or ""), "file"),
        mime_type=text(given.get("mimeType")) or "application/octet-stream",
        size=int(size) if size.isdecimal() and drive_id is None else None,
        blob=None,
        sha256=None,
        drive_id=drive_id,
        created_at=created_at,
        saved_at=moment(given, "lastSavedTimestamp", default=created_at),
        thread_key=thread_key if thread_key in threads else None,
    )


def thread(given: Json, box: Box, names: Names) -> Thread:
    created_at = moment(given, "creationTimestamp", "lastSavedTimestamp", default=1)
    last = moment(given, "lastEmailTimestamp")
    return Thread(
        key=checked_key(given.get("key") or given.get("gmailThreadKey"), "thread"),
        box_key=box.key,
        pipeline_key=box.pipeline_key,
        creator_key=names.user(given.get("creatorKey")),
        gmail_id=text(given.get("threadGmailId")),
        subject=text(given.get("subject")) or "",
        names=texts(given.get("names")),
        email_addresses=texts(given.get("emailAddresses")),
        email_count=count(given, "numberOfEmails"),
        last_email_at=last if last and last != created_at else None,
        created_at=created_at,
        updated_at=moment(given, "lastUpdatedTimestamp", default=created_at),
    )


def snippet(given: Json, pipelines: set[str], names: Names) -> Snippet:
    html = given.get("snippetText")
    created_at = moment(given, "creationDate", "lastSavedTimestamp", default=1)
    pipeline_key = text(given.get("pipelineKey"))
    return Snippet(
        key=key_of(given, "snippet"),
        user_key=names.user(given.get("userKey")),
        pipeline_key=pipeline_key if pipeline_key in pipelines else None,
        name=text(given.get("snippetName")) or "(no name)",
        text=text(html.get("value") if isinstance(html, dict) else html) or "",
        subject=text(given.get("subject")),
        shortcut=text(given.get("snippetKeyShortcut")),
        created_at=created_at,
        saved_at=moment(given, "lastSavedTimestamp", default=created_at),
    )
