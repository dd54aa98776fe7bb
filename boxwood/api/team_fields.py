"""The fields of a team's contacts and organizations over HTTP."""

from __future__ import annotations

from ..core.contacts import custom_fields
from ..wire.shapes import teams as shapes
from ..wire.shapes.lists import SUCCESS, Success
from .http.call import Call


class TeamFields:
    """The handlers for the fields of one list, `contacts` or `organizations`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def list_all(self, call: Call) -> list[shapes.TeamFieldOut]:
        """The fields of the team's list, in the order of creation."""
        return [shapes.team_field(field) for field in custom_fields.list_all(call.ctx, self.name, call.path[0])]

    def get(self, call: Call) -> shapes.TeamFieldOut:
        """A field."""
        return shapes.team_field(custom_fields.get(call.ctx, self.name, *call.path))

    def create(self, call: Call) -> shapes.TeamFieldOut:
        """Create a field of one of the nine types. All its values are text."""
        given = shapes.field_changes(call.parse(shapes.TEAM_FIELD_CREATE))
        return shapes.team_field(custom_fields.create(call.ctx, self.name, call.path[0], given))

    def edit(self, call: Call) -> shapes.TeamFieldOut:
        """Rename a field or set its options. `addOnly=true` adds options instead of replacing them."""
        read, (team, key) = call.parse(shapes.TEAM_FIELD_EDIT), call.path
        add_only = bool(read.pop("add_only", False))
        changes = shapes.field_changes(read)
        return shapes.team_field(custom_fields.edit(call.ctx, self.name, team, key, changes, add_only=add_only))

    def delete(self, call: Call) -> Success:
        """Delete a field and its values."""
        custom_fields.delete(call.ctx, self.name, *call.path)
        return SUCCESS


CONTACT_FIELDS = TeamFields("contacts")
ORG_FIELDS = TeamFields("organizations")
