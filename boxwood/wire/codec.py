"""Shapes of requests: tables of members.

`Shape("BoxEdit", stage_key=KEY, ...)` reads `stageKey` into `stage_key`. Members it does not know are
ignored (ruling 17), members that are absent stay absent, and an error names the member as the caller
wrote it. A member that is null is absent, too, unless its kind says that null clears it (ruling 30).
"""

from __future__ import annotations

from typing import Any

from ..errors import Invalid
from .kinds import Kind, NotGiven, Wrong


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


class Shape:
    """A table of members. `aliases` are other wire names of members, and `described` are descriptions of members."""

    def __init__(
        self,
        name: str,
        members: dict[str, Kind] | None = None,
        /,
        *,
        aliases: dict[str, str] | None = None,
        described: dict[str, str] | None = None,
        required: tuple[str, ...] = (),
        **more: Kind,
    ) -> None:
        self.name = name
        members = {**(members or {}), **more}
        self.members = {camel(member): (member, kind) for member, kind in members.items()}
        for wire, member in (aliases or {}).items():
            self.members[wire] = (member, members[member])
        self.described = described or {}
        self.required = required

    def read(self, given: dict[str, Any], where: str = "") -> dict[str, Any]:
        found: dict[str, Any] = {}
        for wire, value in given.items():
            known = self.members.get(wire)
            if known is None:
                continue
            member, kind = known
            if value is None and not kind.clears:
                continue
            try:
                found[member] = kind.read(value)
            except NotGiven:
                continue
            except Wrong as wrong:
                raise Wrong(str(wrong), f"{where}{wire}{wrong.at}") from None
        return found

    def parse(self, given: dict[str, Any]) -> dict[str, Any]:
        """The members in core's names and types. `Invalid` names the first wrong member."""
        try:
            return self.read(given)
        except Wrong as wrong:
            raise Invalid(wrong.at, str(wrong)) from None

    def schema(self) -> dict[str, Any]:
        properties = {}
        for wire, (member, kind) in self.members.items():
            properties[wire] = dict(kind.schema)
            if member in self.described:
                properties[wire]["description"] = self.described[member]
        schema: dict[str, Any] = {"type": "object", "properties": properties}
        if self.required:
            schema["required"] = [camel(member) for member in self.required]
        return schema
