"""Random requests with real keys, over all operations of the route table: the same seed makes the same requests.

`python -m pytest tests/api/test_fuzz.py` sends 2,000; with `--long`, 100,000.
"""

from __future__ import annotations

import json
import random
import re
import string
from typing import Any
from urllib.parse import quote

import httpx

from boxwood.api.http.router import Route
from boxwood.api.routes import ROUTES
from tests.things import Things, specific_nouns

# What ends the fuzz itself: Ada's key, her sessions, and her place in the team.
LEFT_OUT = {"/v1/apikeys/{apikey}", "/v2/teams/{team}/leave", "/v2/teams/{team}/members/{user}"}
OPERATIONS = [route for route in ROUTES if route.path not in LEFT_OUT and not route.path.startswith("/v2/session")]
BY_THEMSELVES = {"trashed", "session", "factor", "code", "totp", "welcome", "mail", "cancelled", "link"}
"""Nouns whose making takes another thing away."""
ODD_TEXTS = [
    *(
        "",
        " ",
        "\x00",
        "\ud800",
        "a\udfff",
        "\ufeff",
        "é",
        "e\u0301",
        "😀" * 40,
        "\u202e",
        "İ",
        "ß",
        "\r\n",
        "%00",
        "%",
    ),
    *("null", "true", "NaN", "Infinity", "-Infinity", "1e400", "0x10", "01", "-0", "1,5", "1.234,56 €", "(5.00)"),
    *("9" * 400, "-" + "9" * 30, "9223372036854775808", "-9223372036854775809", "253402300800000", "-62135596800001"),
    *("0000-00-00", "2026-02-30", "20260331", "9999-12-31T23:59:59.999999Z", "0001-01-01", "2026-03-31T10:00:00+24:00"),
    *(
        "[" * 2000,
        "{" * 2000,
        '{"a":' * 200,
        "[1,2",
        '{"name":"\\ud800"}',
        "[[]]",
        "{}",
        "[]",
        "'",
        '"',
        "\\",
        "`",
        "${x}",
    ),
    *(
        "../../etc/passwd",
        "a" * 5000,
        "x" * 101_000,
        "me",
        "-name",
        "stage",
        "name,-name",
        "1001",
        "5001",
        "fields.1001",
    ),
    *("{{ box.name }}", "{{ 1 | plus: 1e308 }}", "{% x %}", "=1+1", "$'A'", "SELECT 1", "*", "?", "a@b.example", "@"),
]
ODD_VALUES = [
    *(None, True, False, 0, 1, -1, 2**31, 2**53, 2**53 + 1, 2**63, -(2**63), 2**64, 10**400, 0.1, -0.0, 1e308, 1e-320),
    *([], {}, [None], [[]], [{}], {"a": None}, {"": ""}, [1, "a", None], {"key": 1}, {"key": []}, {"userKey": {}}),
    *(
        {"1001": []},
        {"1001": {"a": 1}},
        {"1001": 1e300},
        {"and": []},
        {"field": "name", "op": "eq"},
        {"or": [{"not": {}}]},
    ),
]
FILTERS = [
    "eq",
    "ne",
    "lt",
    "lte",
    "gt",
    "gte",
    "between",
    "contains",
    "startsWith",
    "any",
    "all",
    "none",
    "isEmpty",
    "x",
]
TYPES = [
    "application/json",
    "application/x-www-form-urlencoded",
    "text/csv",
    "text/plain",
    "",
    "multipart/form-data; boundary=x",
]


class Fuzz:
    """Makes and sends random requests of one seed."""

    def __init__(self, things: Things, seed: int) -> None:
        self.things = things
        self.random = random.Random(seed)
        nouns = {noun for route in OPERATIONS for noun in re.findall(r"\{(\w+)\}", specific_nouns(route.path))}
        for noun in sorted(nouns - BY_THEMSELVES):
            if things.knows(noun):
                things.key(noun)
        self.keys = sorted({key for key in things.created.values() if len(key) < 100})

    def send(self) -> tuple[httpx.Response, str]:
        """Send the next request. Returns the answer, and the request as a line to read."""
        pick = self.random
        route = pick.choice(OPERATIONS)
        while route.verb == "DELETE" and pick.random() < 0.9:  # the things are needed for long
            route = pick.choice(OPERATIONS)
        path = "/api" + self._path(route)
        query = self._query(route)
        url = f"{path}?{query}" if query else path
        content, kind = b"", ""
        if route.verb in ("POST", "PUT", "PATCH") or pick.random() < 0.02:
            content, kind = self._body(route)
        headers = {"Content-Type": kind} if kind else {}
        request = self.things.world.ada.http.build_request(route.verb, "/", content=content, headers=headers)
        request.url = request.url.copy_with(raw_path=url.encode("ascii", "ignore")[:30_000])
        answer = self.things.world.ada.http.send(request, stream=True)
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.read()
        answer.close()
        return answer, f"{route.verb} {url[:500]} {kind} {content[:600]!r}"

    def _path(self, route: Route) -> str:
        """The path with real keys; a few are odd, and a few belong to another noun."""
        parts = []
        names = re.findall(r"\{(\w+)\}", route.path), re.findall(r"\{(\w+)\}", specific_nouns(route.path))
        known = {name: self.things.created.get(noun, "x") for name, noun in zip(*names, strict=True)}
        for part in route.path.split("/"):
            if part.startswith("{"):
                value = known.get(part.strip("{}"), "x")
                if self.random.random() < 0.06:
                    value = self._text() if self.random.random() < 0.5 else self.random.choice(self.keys or ["x"])
                part = quote(value.encode("utf-8", "surrogatepass")[:3000], safe="") or "%20"
            parts.append(part)
        return "/".join(parts)

    def _query(self, route: Route) -> str:
        pick = self.random
        names = [name for name in route.query if pick.random() < 0.4]
        if pick.random() < 0.05:
            names.append(pick.choice(["limit", "page", "offset", "json", "sortBy", "fields[]", "a[0][b]"]))
        pairs = []
        for name in names:
            value = self._filter() if name == "filter" and pick.random() < 0.7 else self._text()
            if name in ("wait",):
                value = "0"
            escaped = quote(value.encode("utf-8", "surrogatepass")[:4000], safe="")
            pairs.append(f"{quote(name, safe='[]')}={escaped if pick.random() < 0.97 else '%ff%fe'}")
        return "&".join(pairs)

    def _filter(self) -> str:
        return json.dumps(self._tree(3))

    def _tree(self, depth: int) -> Any:
        pick = self.random
        if depth and pick.random() < 0.3:
            return {pick.choice(["and", "or"]): [self._tree(depth - 1) for _ in range(pick.randrange(3))]}
        field = pick.choice(
            ["name", "stage", "1001", "notes", "creationTimestamp", "assignedTo", "contacts", "freshness", "x"]
        )
        return {"field": field, "op": pick.choice(FILTERS), "value": self._value(2)}

    def _body(self, route: Route) -> tuple[bytes, str]:
        pick = self.random
        if pick.random() < 0.05:
            return bytes(pick.randrange(256) for _ in range(pick.randrange(200))), pick.choice(TYPES)
        members = {}
        if route.takes is not None:
            for wire, (_, kind) in route.takes.members.items():
                if pick.random() < 0.5:
                    members[wire] = self._of_schema(kind.schema) if pick.random() < 0.7 else self._value(3)
        if pick.random() < 0.1 or not members:
            members[pick.choice(["name", "keys", "value", "fields", "boxKeys", "json", "key"])] = self._value(3)
        if pick.random() < 0.15:
            pairs = [f"{quote(name)}={self._escaped(value)}" for name, value in members.items()]
            return "&".join(pairs).encode()[:100_000], "application/x-www-form-urlencoded"
        body: Any = members if pick.random() < 0.95 else [self._value(2), members]
        return json.dumps(body).encode(), "application/json" if pick.random() < 0.95 else pick.choice(TYPES)

    def _escaped(self, value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        return quote(text.encode("utf-8", "surrogatepass")[:4000], safe="")

    def _of_schema(self, schema: dict[str, Any]) -> Any:
        """A value that fits the schema, with real keys among the texts."""
        pick = self.random
        if "anyOf" in schema:
            return self._of_schema(pick.choice(schema["anyOf"]))
        if "enum" in schema:
            return pick.choice(schema["enum"])
        match schema.get("type"):
            case "string":
                return self._text() if pick.random() < 0.6 else pick.choice(self.keys or ["x"])
            case "integer":
                return pick.choice([0, 1, -1, 5, 1_800_000_000_000, 2**53, -(2**53), 253_402_300_799_999, 10**15])
            case "boolean":
                return pick.random() < 0.5
            case "array":
                return [self._of_schema(schema.get("items", {})) for _ in range(pick.randrange(4))]
            case "object":
                inner = schema.get("properties", {})
                found = {name: self._of_schema(kind) for name, kind in inner.items() if pick.random() < 0.7}
                return found or {self._text()[:50]: self._value(2) for _ in range(pick.randrange(3))}
        return self._value(2)

    def _value(self, depth: int) -> Any:
        pick = self.random
        roll = pick.random()
        if roll < 0.4 or depth == 0:
            return pick.choice(ODD_VALUES)
        if roll < 0.75:
            return self._text()
        if roll < 0.88:
            return [self._value(depth - 1) for _ in range(pick.randrange(4))]
        return {self._text()[:60]: self._value(depth - 1) for _ in range(pick.randrange(4))}

    def _text(self) -> str:
        pick = self.random
        roll = pick.random()
        if roll < 0.5:
            return pick.choice(ODD_TEXTS)
        if roll < 0.7 and self.keys:
            return pick.choice(self.keys)
        letters = string.printable if roll < 0.9 else "\u2212\u202f\u00a0ÄäЖ字\ud83d😀\x07\x7f"
        return "".join(pick.choice(letters) for _ in range(pick.randrange(12)))
