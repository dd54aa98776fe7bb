"""The official Python client, unmodified, with strict checks of every answer.

The client is lenient: it accepts numbers where it declares text, and its enumerations are unions with `Any`.
So each answer is also checked, as it came over the wire, against the exact types that the called method
is annotated with.
"""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import httpx
import pydantic
import pytest
from streak_crm import AsyncStreak, Streak
from streak_crm.core.api_error import ApiError
from streak_crm.types.operation_response import OperationResponse


class Watched:
    """Checks every call of a client, for both the synchronous and the asynchronous client."""

    def __init__(self, target: Any, answers: list[httpx.Response], run: Callable[[Any], Any]) -> None:
        self._target, self._answers, self._run = target, answers, run

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._target, name)
        return self._checked(member) if inspect.ismethod(member) else Watched(member, self._answers, self._run)

    def _checked(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            answer = self._run(method(*args, **kwargs))
            check(self._answers[-1], get_type_hints(method)["return"])
            return answer

        return call


@contextmanager
def sync_client(url: str, key: str, **options: Any) -> Iterator[Watched]:
    answers: list[httpx.Response] = []
    with httpx.Client(timeout=120, verify=False, event_hooks={"response": [answers.append]}) as http:
        client = Streak(base_url=url, token=key, httpx_client=http, max_retries=0, **options)
        yield Watched(client, answers, lambda answer: answer)


@contextmanager
def async_client(url: str, key: str, **options: Any) -> Iterator[Watched]:
    answers: list[httpx.Response] = []

    async def note(answer: httpx.Response) -> None:
        answers.append(answer)

    with asyncio.Runner() as runner:
        http = httpx.AsyncClient(timeout=120, verify=False, event_hooks={"response": [note]})
        client = AsyncStreak(base_url=url, token=key, httpx_client=http, max_retries=0, **options)
        yield Watched(client, answers, runner.run)
        runner.run(http.aclose())


def check(answer: httpx.Response, kind: Any) -> None:
    assert answer.status_code == 200, "a success that is not exactly 200 breaks the Node client"
    if kind is str:
        assert answer.headers["content-type"].startswith("text/markdown")
        return
    assert answer.headers["content-type"].replace(" ", "").lower() == "application/json;charset=utf-8"
    assert not [*mismatches(kind, answer.json(), "body")]


def mismatches(kind: Any, value: Any, at: str) -> Iterator[str]:
    """Return the places where `value` (parsed JSON) does not match the type `kind`. Unknown members are allowed."""
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return
    if origin is Union:
        yield from _union(args, value, at)
    elif origin is list:
        yield from _list(args[0], value, at)
    elif origin is dict:
        yield from _dict(args[1], value, at)
    elif inspect.isclass(kind) and issubclass(kind, pydantic.BaseModel):
        yield from _model(kind, value, at)
    elif type(value) is not kind:
        yield f"{at}: {value!r} is not {kind.__name__}"


def _union(args: tuple[Any, ...], value: Any, at: str) -> Iterator[str]:
    if value is None and type(None) in args:
        return
    documented = [argument for arg in args if get_origin(arg) is Literal for argument in get_args(arg)]
    if documented:
        if value not in documented:
            yield f"{at}: {value!r} is none of {documented}"
        return
    yield from mismatches(next(arg for arg in args if arg is not type(None)), value, at)


def _list(item: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{at}: {value!r} is not a list"
        return
    for index, entry in enumerate(value):
        yield from mismatches(item, entry, f"{at}[{index}]")


def _dict(item: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {value!r} is not an object"
        return
    for key, entry in value.items():
        yield from mismatches(item, entry, f"{at}.{key}")


def _model(kind: type[pydantic.BaseModel], value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {value!r} is not an object"
        return
    if "success" in value and kind is not OperationResponse:
        yield f"{at}: an entity with a member 'success' reads as a failure"
    for name, field in kind.model_fields.items():
        member = field.alias or name
        if member in value:
            yield from mismatches(field.annotation, value[member], f"{at}.{member}")
        elif field.is_required():
            yield f"{at}.{member} is missing"


@contextmanager
def refused(status: int, saying: str = "") -> Iterator[pytest.ExceptionInfo[ApiError]]:
    """The call must be refused with this status and a body that every client reads: success false and a message."""
    with pytest.raises(ApiError) as refusal:
        yield refusal
    assert refusal.value.status_code == status, refusal.value
    body = refusal.value.body
    assert body["success"] is False
    assert body["error"]
    assert saying.lower() in f"{body['error']} ({body.get('field')})".lower()
