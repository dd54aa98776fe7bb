"""A team's contacts and organizations over HTTP: one set of handlers, which each of the two lists has with its own
shapes and words."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar, get_type_hints

import msgspec

from ..core import persons
from ..core.contacts import entries
from ..core.contacts import merge as contact_merge
from ..core.history import newsfeed
from ..core.people import contact_access
from ..core.people.contact_access import Entry, Noun
from ..core.people.contacts import CONTACTS
from ..core.people.organizations import ORGANIZATIONS
from ..core.records import box as box_records
from ..core.views import listing
from ..errors import Invalid
from ..wire.codec import Shape
from ..wire.shapes import box_lists
from ..wire.shapes import directory as shapes
from ..wire.shapes.boxes import BoxOut
from ..wire.shapes.events import NewsfeedEntry, newsfeed_entry
from ..wire.shapes.lists import Results, Success
from .http.call import MOST_PER_PAGE, Call

PAGE = 100
MOST_KEYS = 1000
_CURSOR = re.compile(r"[\w-]{1,100}", re.ASCII)

E = TypeVar("E", bound=Entry)
Out = TypeVar("Out")
Page = TypeVar("Page")
DuplicatesPage = TypeVar("DuplicatesPage")
Unmerged = TypeVar("Unmerged")


class Words(NamedTuple):
    """The words for `{…}` in the descriptions of the handlers."""

    a_noun: str
    noun: str
    nouns: str
    an_id: str
    id: str


class EntryHandlers(Generic[E, Out, Page, DuplicatesPage, Unmerged]):
    """The handlers of one list. Their descriptions in /openapi.json use the list's own words and types."""

    def __init__(
        self,
        noun: Noun[E],
        words: Words,
        takes: Shape,
        show: Callable[[E], Out],
        out: Callable[..., Out],
        page: Callable[..., Page],
        duplicates: Callable[..., Any],
        duplicates_page: Callable[..., DuplicatesPage],
        unmerged: Callable[..., Unmerged],
    ) -> None:
        self.noun, self.words, self.takes, self.show = noun, words, takes, show
        self.page_of, self.group_of, self.groups_of, self.unmerged_of = page, duplicates, duplicates_page, unmerged
        types = {"Out": out, "Page": page, "DuplicatesPage": duplicates_page, "Unmerged": unmerged}
        for name in HANDLERS:
            setattr(self, name, _described(getattr(self, name), words, types))

    def get(self, call: Call) -> Out:
        """{a_noun}."""
        return self.show(contact_access.get(call.ctx, self.noun, call.path[0]))

    def list_page(self, call: Call) -> Page:
        """The {nouns} of a team, in the order of their keys; with `after`, only those saved since then."""
        limit, cursor = call.number("limit", PAGE, least=1, most=MOST_PER_PAGE), call.cursor()
        found = contact_access.page(
            call.ctx,
            self.noun,
            call.path[0],
            after_key=cursor,
            saved_since=call.number("after", 0, most=10**11) * 1000,
            limit=limit + 1,
        )
        next_page = found[limit - 1].key if len(found) > limit else None
        return self.page_of(self._shown(found[:limit]), call.next_cursor(next_page))

    def batch_get(self, call: Call) -> dict[str, Out]:
        """The {nouns} with these keys, by key, without those that the caller cannot access."""
        return {entry.key: self.show(entry) for entry in self._by_keys(call, _keys_in_body(call))}

    def create(self, call: Call) -> Out:
        """Create {a_noun} in a team: at least a name or {an_id}.

        With `getIfExisting=true`, the response is the existing {noun} with the {id}, unchanged, if there is one.
        """
        read, existing = call.parse(self.takes), call.flag("getIfExisting")
        return self.show(entries.create(call.ctx, self.noun, call.path[0], read, get_if_existing=existing))

    def upsert(self, call: Call) -> Out:
        """Update the {noun} that has the {id}, or create it.

        The lists you send are added to the stored lists. The other members change as in an update.
        """
        return self.show(entries.upsert(call.ctx, self.noun, call.path[0], call.parse(self.takes)))

    def edit(self, call: Call) -> Out:
        """Update {a_noun}.

        Only the members you send change: null keeps the value, "" clears it, lists are
        replaced, and `fields` is merged.
        """
        return self.show(entries.edit(call.ctx, self.noun, call.path[0], call.parse(self.takes)))

    def delete(self, call: Call) -> Success:
        """Delete {a_noun} and all links to it."""
        entries.delete(call.ctx, self.noun, call.path[0])
        return Success(message=f"The {self.words.noun} was deleted")

    def duplicates(self, call: Call) -> DuplicatesPage:
        """Possible duplicates among the {nouns} of a team, by what they have in common."""
        limit = call.number("limit", PAGE, least=1, most=MOST_PER_PAGE)
        behind = _read_cursor(call.cursor())
        groups = contact_merge.duplicates(call.ctx, self.noun, call.path[0], behind=behind, limit=limit + 1)
        last = groups[limit - 1] if len(groups) > limit else None
        groups = groups[:limit]
        by_key = {entry.key: entry for entry in self._by_keys(call, [key for group in groups for key in group.keys])}
        shown = [
            self.group_of(group.reason, group.value, self._shown([by_key[key] for key in group.keys if key in by_key]))
            for group in groups
        ]
        return self.groups_of(shown, call.next_cursor(_write_cursor(last.reason, last.value) if last else None))

    def merge(self, call: Call) -> Out:
        """Merge other {nouns} (`keys`) into this {noun}, which replaces them everywhere.

        Lists are joined. A value that this {noun} does not have comes from the first of the others that has it.
        `choices` selects the {noun} whose value is used.
        """
        read = call.parse(shapes.MERGE)
        chosen = shapes.choices(read, self.takes)
        return self.show(contact_merge.merge(call.ctx, self.noun, call.path[0], read.get("keys", []), chosen))

    def unmerge(self, call: Call) -> Unmerged:
        """Undo the last merge into this {noun}: the other {nouns} exist again and are linked where they were."""
        survivor, restored = contact_merge.unmerge(call.ctx, self.noun, call.path[0])
        return self.unmerged_of(self.show(survivor), self._shown(restored))

    def newsfeed(self, call: Call) -> list[NewsfeedEntry]:
        """The newsfeed of {a_noun}, newest first."""
        limit, offset = call.page(newsfeed.PAGE)
        found = newsfeed.of_entry(call.ctx, self.noun, call.path[0], limit=limit, offset=offset)
        return [newsfeed_entry(event) for event in found]

    def list_boxes(self, call: Call) -> Results[BoxOut]:
        """The boxes linked to this {noun} that the caller can access, last changed first."""
        limit, offset = call.page(PAGE)
        key = contact_access.reach(call.ctx, self.noun, call.path[0])[0].key
        found = listing.linked_to(call.ctx, key, limit=limit + 1, offset=offset)
        people = persons.by_key(call.ctx, box_records.people(found))
        return Results(box_lists.boxes(found[:limit], people, call.ctx.now), len(found) > limit)

    def _shown(self, found: list[E]) -> list[Out]:
        return [self.show(entry) for entry in found]

    def _by_keys(self, call: Call, keys: list[str]) -> list[E]:
        return contact_access.by_keys(call.ctx, self.noun, keys)


HANDLERS = ("get list_page batch_get create upsert edit delete duplicates merge unmerge newsfeed list_boxes").split()


def _described(handler: Callable[[Call], Any], words: Words, types: dict[str, Any]) -> Callable[[Call], Any]:
    """The handler with the docstring and the return type from which /openapi.json describes its operation."""

    def described(call: Call) -> Any:
        return handler(call)

    answer = get_type_hints(handler)["return"]
    if isinstance(answer, TypeVar):
        answer = types[answer.__name__]
    elif parameters := getattr(answer, "__parameters__", ()):
        answer = answer[tuple(types[parameter.__name__] for parameter in parameters)]
    text = (handler.__doc__ or "").format(**words._asdict())
    described.__doc__ = text[:1].upper() + text[1:]
    described.__annotations__ = {"return": answer}
    return described


def _keys_in_body(call: Call) -> list[str]:
    keys: Any = call.items if call.items is not None else call.given.get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, str) and "\x00" not in key for key in keys):
        raise Invalid("body", "must be a list of keys")
    if len(keys) > MOST_KEYS:
        raise Invalid("body", f"holds more than {MOST_KEYS:,} keys")
    return keys


def _write_cursor(*parts: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[str, str]:
    if not cursor:
        return "", ""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        reason, value = msgspec.json.decode(text, type=tuple[str, str])
    except ValueError:
        raise _unknown_cursor() from None
    if "\x00" in reason + value:
        raise _unknown_cursor()
    return reason, value


def _unknown_cursor() -> Invalid:
    return Invalid("cursor", "is not a cursor of this list: send the cursor of the previous page")


CONTACT_HANDLERS = EntryHandlers(
    CONTACTS,
    Words("a contact", "contact", "contacts", "an e-mail address", "e-mail address"),
    shapes.CONTACT,
    shapes.contact,
    shapes.ContactOut,
    shapes.ContactPage,
    shapes.ContactDuplicates,
    shapes.ContactDuplicatesPage,
    shapes.ContactUnmerged,
)
ORGANIZATION_HANDLERS = EntryHandlers(
    ORGANIZATIONS,
    Words("an organization", "organization", "organizations", "a domain", "domain"),
    shapes.ORGANIZATION,
    shapes.organization,
    shapes.OrganizationOut,
    shapes.OrganizationPage,
    shapes.OrganizationDuplicates,
    shapes.OrganizationDuplicatesPage,
    shapes.OrganizationUnmerged,
)
