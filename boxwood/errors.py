"""What can go wrong, in the reader's words. Status codes are the API's business (api/http/replies)."""

from typing import Any


class Problem(Exception):
    """The base of everything the product answers with; anything else is our fault."""


class Invalid(Problem):
    """The caller gave something that cannot be: names the field and says what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


class Insufficient(Invalid):
    """A creation lacks what it must have. The sentence is Streak's own (spec 1.7)."""

    def __init__(self, entity: str, field: str) -> None:
        super().__init__(field, f"Insufficient params for {entity}")


class TooLarge(Problem):
    """More bytes than are taken here."""

    def __init__(self, what: str, most: int) -> None:
        super().__init__(f"{what} is larger than {most / 1_000_000:,.6g} MB")


class Rejected(Problem):
    """A box would break rules of its pipeline: says which, each with `key`, `name`, `mode` and `message`."""

    def __init__(self, message: str, violations: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.violations = violations


class NotFound(Problem):
    """No such thing, or none that this caller can reach: the two are told alike."""

    def __init__(self, key: str) -> None:
        super().__init__(f"nothing is found with key {key}")
        self.key = key


class Forbidden(Problem):
    """The caller can reach the thing but may not do this to it."""


class NotSignedIn(Problem):
    """No credentials, or (`given=True`) credentials that are nobody's."""

    def __init__(self, given: bool, says: str = "invalid api key", field: str = "") -> None:
        super().__init__(says if given else "Authentication required")
        self.given = given
        self.field = field
        """What is wanted too, where only that is missing."""


class Conflict(Problem):
    """What the caller relied on is no longer so."""


class Busy(Problem):
    """The same request is under way: its answer will be there soon."""


class Stale(Problem):
    """The thing was changed since the caller read it."""


class TooMany(Problem):
    """More was asked for than is allowed in a span of time; `wait` says in how many ms it is worth asking again."""

    def __init__(self, message: str, wait: float, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(message)
        self.wait = wait
        self.headers = headers


class Unavailable(Problem):
    """The store cannot take or give anything now; nothing was acknowledged and a retry is right."""
