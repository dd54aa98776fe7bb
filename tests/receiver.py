"""A receiver of webhooks: an HTTP server that stores the requests it gets and answers as the test says."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"
    at: float = field(default_factory=time.monotonic)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> str:
        return self.headers["x-boxwood-event"]

    @property
    def things(self) -> list[dict[str, Any]]:
        return json.loads(self.body)  # type: ignore[no-any-return]


@dataclass
class Answer:
    """An answer that is sent after `after` seconds, or when the event is set."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after: float | threading.Event = 0.0
    body: bytes = b"ok"


class Receiver:
    """`answer` chooses the answer to each request; without it every request gets 200."""

    def __init__(self) -> None:
        self.answer: Callable[[Received], Answer] = lambda request: Answer()
        self._all: list[Received] = []
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(120)

    def received(self, path: str) -> list[Received]:
        return [request for request in list(self._all) if request.path == path]

    def wait_for(self, path: str, count: int, timeout: float = 120.0) -> list[Received]:
        """Return the first `count` requests to this path, or fewer when the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.received(path)) >= count, timeout)
        return self.received(path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while request := await _read(reader):
                with self._changed:
                    self._all.append(request)
                    self._changed.notify_all()
                answer = self.answer(request)
                if isinstance(answer.after, threading.Event):
                    while not answer.after.is_set():
                        await asyncio.sleep(0.01)
                else:
                    await asyncio.sleep(answer.after)
                extra = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
                size = len(answer.body)
                writer.write(f"HTTP/1.1 {answer.status} Answered\r\nContent-Length: {size}\r\n{extra}\r\n".encode())
                writer.write(answer.body)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    def close(self) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    headers = {name.lower(): value for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    method, path, _ = first.split(" ")
    return Received(path, headers, body, method)
