"""How many tokens a language model reads in a text: OpenAI's o200k_base encoding, counted, not guessed."""

from importlib import import_module
from types import ModuleType

ENCODING = "o200k_base"


def count(text: str) -> int:
    # One thread: a request must not take every core, and a megabyte takes about 20 ms as it is.
    return int(_toktok().batch_count([_sound(text)], ENCODING, threads=1)[0])


def truncate(text: str, max_tokens: int) -> str:
    """The longest beginning of at most so many tokens, cut between two and never within a character."""
    if max_tokens <= 0:
        return ""
    kept, total = _first(_sound(text), max_tokens)
    # A token may hold the end of one character and the start of the next. Where the cut takes such a token
    # apart, what is left is split anew, very rarely into one token more than was asked for.
    while total > max_tokens:
        kept, total = _first(kept, max_tokens)
    return kept


def _first(text: str, max_tokens: int) -> tuple[str, int]:
    """The first tokens as text, and how many tokens the whole text has."""
    # No text has more tokens than bytes; the library takes no number past 64 bits.
    kept, total = _toktok().truncate(text, min(max_tokens, 4 * len(text)), ENCODING)
    return kept, total


def _sound(text: str) -> str:
    """Half a surrogate pair has no bytes, so it has no tokens either: it counts as a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _toktok() -> ModuleType:
    # Loaded when first asked for: the vocabulary takes 0.6 s and 65 MB, once.
    return import_module("toktok")
