"""Calendar feeds on the wire."""

from __future__ import annotations

import msgspec

from ...core.activity.calendars import WHOSE, Calendar
from ..codec import Shape
from ..kinds import KEY, NAME, one_of
from .base import Out, given


class CalendarOut(Out, omit_defaults=False):
    """`url` is only in the response to the request that created the feed."""

    key: str
    name: str
    whose: str
    creation_date: int
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET
    url: str | msgspec.UnsetType = msgspec.UNSET


def calendar(calendar: Calendar, url: str = "") -> CalendarOut:
    return CalendarOut(
        key=calendar.key,
        name=calendar.name,
        whose=calendar.whose,
        creation_date=calendar.created_at,
        pipeline_key=given(calendar.pipeline_key),
        url=url or msgspec.UNSET,
    )


CALENDAR_CREATE = Shape(
    "CalendarCreate",
    name=NAME,
    pipeline_key=KEY,
    whose=one_of(*WHOSE),
    described={
        "name": "The name that calendar programs show. Default: Boxwood.",
        "pipeline_key": "Only tasks and meetings of this pipeline. Default: all pipelines that you can access.",
        "whose": "MINE: tasks assigned to you and meetings that you logged. ALL: of all users. Default: MINE.",
    },
)
