"""Counts the tokens that a language model reads in a text, exactly, by OpenAI's o200k_base encoding.

The library is young and native, and the texts are those of users. So it runs in a process of its own, like formulas.
The process starts with the first count: loading the vocabulary takes 0.6 s and 65 MB.
"""

from pathlib import Path

from . import sandbox

ENGINE = sandbox.Sandbox(Path(__file__).with_name("tokens_worker.py"), "toktok", "toktok-rs")


class Uncountable(Exception):
    """The process that counts tokens took too long, or ended."""


def count(text: str) -> int:
    return int(_ask(b"", text))


def truncate(text: str, max_tokens: int) -> str:
    """The longest beginning of the text with at most `max_tokens` tokens. A character is never split."""
    if max_tokens <= 0:
        return ""
    beginning, total = _first(text, max_tokens)
    # A token may hold the end of a character and the start of the next. If the cut splits such a token, the rest is
    # tokenized differently, very rarely into one token more than allowed.
    while total > max_tokens:
        beginning, total = _first(beginning, max_tokens)
    return beginning


def _first(text: str, max_tokens: int) -> tuple[str, int]:
    """The first tokens as text, and how many tokens the whole text has."""
    # The library takes no number beyond 64 bits, and a text never has more tokens than bytes.
    total, _, beginning = _ask(str(min(max_tokens, 4 * len(text))).encode(), text).partition("\0")
    return beginning, int(total)


def _ask(head: bytes, text: str) -> str:
    """A half of a surrogate pair cannot be encoded: it counts as a question mark."""
    try:
        return ENGINE.ask(head, text.encode("utf-8", "replace"))[1].decode()
    except (sandbox.Overrun, sandbox.Gone) as error:
        raise Uncountable from error
