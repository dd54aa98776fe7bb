"""The errors of the product, with texts for users. `api/http/replies` maps them to status codes."""

from typing import Any


class Problem(Exception):
    """The base of all expected errors. Any other exception is a bug."""


class Invalid(Problem):
    """A given value is invalid. Names the field and says what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


class Insufficient(Invalid):
    """A required member is missing when something is created. The text is that of Streak (spec 1.7)."""

    def __init__(self, entity: str, field: str) -> None:
        super().__init__(field, f"Insufficient params for {entity}")


class TooLarge(Problem):
    """The request has more bytes than allowed."""

    def __init__(self, what: str, most: int) -> None:
        super().__init__(f"{what} is larger than {most / 1_000_000:,.6g} MB")


class TooSlow(Problem):
    """The body of the request did not arrive in time."""


class Unsupported(Problem):
    """The body of the request has a coding that the server cannot read. `accepted` lists the codings that it reads."""

    def __init__(self, message: str, accepted: str) -> None:
        super().__init__(message)
        self.accepted = accepted


class Rejected(Problem):
    """A box would break validation rules of its pipeline. Each violation has `key`, `name`, `mode` and `message`."""

    def __init__(self, message: str, violations: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.violations = violations


class NotFound(Problem):
    """There is no such record, or the caller has no access to it. Callers cannot distinguish the two."""

    def __init__(self, key: str) -> None:
        super().__init__(f"nothing is found with key {key}")
        self.key = key


class Forbidden(Problem):
    """The caller has access to the record, but may not do this."""


class MissingScope(Forbidden):
    """The API key lacks a scope. Names the scope, and says how to get it."""

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"This API key lacks the scope {scope}: its owner can add it under Integrations, or use another key"
        )
        self.scope = scope


class NotSignedIn(Problem):
    """The request has no credentials, or (`given=True`) wrong credentials."""

    def __init__(self, given: bool, says: str = "invalid api key", field: str = "") -> None:
        super().__init__(says if given else "Authentication required")
        self.given = given
        self.field = field
        """The member that is missing or wrong, if the other credentials are right."""


class Conflict(Problem):
    """The request does not fit the current state of the record."""


class Busy(Problem):
    """A request with the same idempotency key is still running. Its response will be available soon."""


class Stale(Problem):
    """The record was changed since the caller read it."""


class TooMany(Problem):
    """The caller exceeded a rate limit. `wait` is the time until the next request may succeed, in milliseconds."""

    def __init__(self, message: str, wait: float, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(message)
        self.wait = wait
        self.headers = headers


class Unavailable(Problem):
    """The database or the file store does not work now. Nothing was saved, so the caller should retry."""
