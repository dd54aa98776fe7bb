"""Counts the tokens that a language model reads in a text, exactly, by OpenAI's o200k_base encoding."""

from importlib import import_module
from types import ModuleType

ENCODING = "o200k_base"


def count(text: str) -> int:
    # One thread is enough: a megabyte takes about 20 ms, and a request must not use every core.
    return int(_toktok().batch_count([_encodable(text)], ENCODING, threads=1)[0])


def truncate(text: str, max_tokens: int) -> str:
    """The longest beginning of the text with at most `max_tokens` tokens. A character is never split."""
    if max_tokens <= 0:
        return ""
    beginning, total = _first(_encodable(text), max_tokens)
    # A token may hold the end of a character and the start of the next. If the cut splits such a token, the rest is
    # tokenized differently, very rarely into one token more than allowed.
    while total > max_tokens:
        beginning, total = _first(beginning, max_tokens)
    return beginning


def _first(text: str, max_tokens: int) -> tuple[str, int]:
    """The first tokens as text, and how many tokens the whole text has."""
    # The library takes no number beyond 64 bits, and a text never has more tokens than bytes.
    beginning, total = _toktok().truncate(text, min(max_tokens, 4 * len(text)), ENCODING)
    return beginning, total


def _encodable(text: str) -> str:
    """The text with a question mark for each half of a surrogate pair, which cannot be encoded."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _toktok() -> ModuleType:
    # Imported at the first use: loading the vocabulary takes 0.6 s and 65 MB.
    return import_module("toktok")
