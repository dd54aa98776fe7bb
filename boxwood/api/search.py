"""Search over HTTP."""

from __future__ import annotations

from ..core import pipelines
from ..core.pipelines import names
from ..core.search import matches as search_matches
from ..core.search import query as search_query
from ..core.search.matches import NOUNS
from ..core.search.query import Narrow, SearchResults
from ..errors import Invalid
from ..wire.shapes.search import MatchesOut, SearchOut, answer, matches_out
from .http.call import MOST_PER_PAGE, Call

MOST_LETTERS = 1000
MOST_MATCHES = 100
"""Matches of a noun on a page."""


def search(call: Call) -> SearchOut:
    """Find boxes, contacts and organizations by `query`, or boxes by their exact `name`.

    Each word of the query must be the beginning of a word in the result, in any order. `pipelineKey` and `stageKey`
    limit the boxes, and `teamKey` limits all results. You may send each of them several times.
    """
    query, name = call.text("query").strip(), call.text("name").strip()
    if bool(query) == bool(name):
        raise Invalid("query", "is required, or name, but not both")
    if len(query or name) > MOST_LETTERS:
        raise Invalid("query" if query else "name", f"is longer than {MOST_LETTERS:,} characters")
    narrow = Narrow(call.texts("pipelineKey"), _stage_keys(call), call.texts("teamKey"))
    limit, page = call.number("limit", MOST_PER_PAGE, least=1, most=MOST_PER_PAGE), call.number("page", 0, most=10**6)
    if name:
        boxes = search_query.find_by_name(call.ctx, name, narrow, limit=limit, offset=page * limit)
        return answer(SearchResults(boxes, [], []), None, page)
    return answer(search_query.find(call.ctx, query, narrow, limit=limit, offset=page * limit), query, page)


def matches(call: Call) -> MatchesOut:
    """Find boxes, contacts, organizations, tasks, e-mail messages, comments, meetings and files, and say where each
    matches.

    `noun` limits the results, and may be sent several times. `facets` counts the matches of every noun, up to 1,000.
    """
    query = call.text("query").strip()
    if not query or len(query) > MOST_LETTERS:
        raise Invalid("query", f"is longer than {MOST_LETTERS:,} characters" if query else "is required")
    nouns = call.texts("noun") or [*NOUNS]
    if unknown := next((noun for noun in nouns if noun not in NOUNS), None):
        raise Invalid("noun", f"must be one of {', '.join(NOUNS)}, but is {unknown[:50]!r}")
    narrow = Narrow(call.texts("pipelineKey"), _stage_keys(call), call.texts("teamKey"))
    limit, page = call.number("limit", 20, least=1, most=MOST_MATCHES), call.number("page", 0, most=1000)
    found = search_matches.find(call.ctx, query, narrow, nouns, limit=limit, offset=page * limit)
    return matches_out(found, query, page)


def _stage_keys(call: Call) -> list[str]:
    """The stages, with keys in place of names, which belong to one pipeline."""
    wanted, within = call.texts("stageKey"), call.texts("pipelineKey")
    if all(text.isdecimal() for text in wanted):
        return wanted
    if len(within) != 1:
        raise Invalid("stageKey", "must be a key, or the name of a stage together with one pipelineKey")
    pipeline = pipelines.get(call.ctx, within[0])
    return [names.stage_key(call.ctx, pipeline, text) for text in wanted]
