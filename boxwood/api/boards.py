"""A pipeline's board over HTTP."""

from __future__ import annotations

from ..core import persons
from ..core.pipelines import schema
from ..core.records import box
from ..core.views import board as view_board
from ..core.views import board_order
from ..core.views.board import Board, Lane
from ..core.views.board_totals import Totals
from ..wire.shapes import box_lists
from ..wire.shapes.base import given
from ..wire.shapes.boards import PLACE, BoardColumn, BoardOut, PlaceOut
from ..wire.shapes.stages import Color
from .boxes import named, read_filter
from .http.call import Call
from .http.replies import Reply, encode


def get(call: Call) -> Reply | BoardOut:
    """The board: the first boxes of every stage, with the number of boxes and the sums of each stage.

    `view`, `filter`, `sort` and `fields` work as in lists. `by` is the key of a dropdown field, for a column per
    option. `sums` are the columns to sum; without it, the board sums the fields that hold numbers. `column` and
    `cursor` return more boxes of one column.
    """
    if call.ctx.db.writing:  # in a batch, beside changes that may be undone
        return _read(call, None)
    asked = (call.path, encode(call.given), call.ctx.actor.key, call.ctx.within, call.ctx.only)
    version = view_board.version(call.ctx, call.path[0], call.text("view"))
    answers = call.api.answer_cache
    return answers.get(asked, version, call.ctx.now, lambda: encode(_read(call, answers.totals)))


def put(call: Call) -> PlaceOut:
    """Set the position of a box within its column on the board, for all users.

    `after` is the key of another box of the column, or null for the top. `golden` adds or removes the golden mark.
    """
    place = board_order.put(call.ctx, call.path[0], call.parse(PLACE))
    return PlaceOut(place.box.key, place.by, place.lane, place.golden)


def _read(call: Call, totals: Totals | None) -> BoardOut:
    board = view_board.read(
        call.ctx,
        call.path[0],
        view_key=call.text("view"),
        tree=read_filter(call),
        sort=call.texts("sort"),
        shown=call.texts("fields"),
        by=call.text("by"),
        sums=call.sums(),
        only=call.text("column") if "column" in call.given else None,
        cursor=call.cursor() if "column" in call.given else call.text("cursor"),
        limit=call.number("limit", view_board.SHOWN, least=0, most=view_board.MOST_SHOWN),
        totals=totals,
    )
    call.wishes.update(board.wishes)
    return _shown(call, board)


def _shown(call: Call, board: Board) -> BoardOut:
    people = persons.by_key(call.ctx, box.people([box for lane in board.lanes for box in lane.page.boxes]))

    def column(lane: Lane) -> BoardColumn:
        return BoardColumn(
            key=lane.key,
            name=lane.name,
            count=lane.count,
            sums=lane.sums,
            ignored=lane.ignored,
            results=box_lists.boxes(
                lane.page.boxes, people, call.ctx.now, lane.page.columns, named(call, lane.page.boxes)
            ),
            has_next_page=lane.page.cursor is not None,
            golden=lane.golden,
            cursor=call.next_cursor(lane.page.cursor),
            color=given(lane.stage and Color(*schema.stage_colours(board.chosen.pipeline, lane.stage))),
        )

    return BoardOut(
        pipeline_key=board.chosen.pipeline.key,
        by=board.by,
        count=sum(lane.count for lane in board.lanes),
        columns=[column(lane) for lane in board.lanes],
    )
