"""Structured logs: a line of JSON for each record. A thread writes them in batches, so requests do not wait."""

from __future__ import annotations

import atexit
import logging
import sys
import threading
from typing import Any

import msgspec

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_encode = msgspec.json.Encoder(enc_hook=str).encode
_SECONDS = 0.2


class JsonHandler(logging.Handler):
    """Buffers lines for up to a fifth of a second. Warnings and errors are written at once."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[bytes] = []
        self._wake = threading.Event()
        threading.Thread(target=self._write_on, name="log-writer", daemon=True).start()
        atexit.register(self.flush)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(_line(record))
        if record.levelno >= logging.WARNING:
            self.flush()
        elif not self._wake.is_set():
            self._wake.set()

    def flush(self) -> None:
        with self.lock:  # type: ignore[union-attr]
            lines, self._lines = self._lines, []
            if lines:
                sys.stderr.write(b"".join(lines).decode())
                sys.stderr.flush()

    def _write_on(self) -> None:
        pause = threading.Event()
        while True:
            self._wake.wait()
            pause.wait(_SECONDS)
            self._wake.clear()
            self.flush()


def _line(record: logging.LogRecord) -> bytes:
    members: dict[str, Any] = {
        "at": round(record.created, 3),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
    }
    for name, value in record.__dict__.items():
        if name not in _STANDARD:
            members[name] = value
    if record.exc_info:
        members["error"] = logging.Formatter().formatException(record.exc_info)
    return _encode(members) + b"\n"


def start(level: str) -> None:
    """Write all log records of this level and above as JSON to stderr."""
    root = logging.getLogger()
    root.handlers[:] = [JsonHandler()]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # uvicorn's own lines would show the whole URL, and so tokens of links and inbound webhooks.
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False
