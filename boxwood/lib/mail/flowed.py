"""Text in the format "flowed" (RFC 3676): lines that end with a space continue in the next line."""

from __future__ import annotations

MOST_LINES = 100_000


def unflowed(text: str, *, delete_space: bool) -> str:
    """The text with each paragraph in a line. Quoted paragraphs begin with `>` once per level, and a space."""
    if text.count("\n") > MOST_LINES:
        return text
    paragraphs: list[tuple[int, list[str]]] = []
    open_ = False
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")
        signature = bare == "-- "
        if open_ and paragraphs[-1][0] == depth and not signature:
            paragraphs[-1][1].append(bare)
        else:
            paragraphs.append((depth, [bare]))
        open_ = bare.endswith(" ") and not signature
        if open_ and delete_space:
            paragraphs[-1][1][-1] = bare[:-1]
    return "\n".join((">" * depth + " " if depth else "") + "".join(pieces) for depth, pieces in paragraphs)
