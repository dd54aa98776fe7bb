"""Pipelines: processes with stages, fields and boxes, shared with a team or with some users."""

from .lookup import count_boxes as count_boxes
from .lookup import get as get
from .lookup import members as members
from .lookup import reach as reach
from .lookup import reach_all as reach_all
from .pipelines import create as create
from .pipelines import delete as delete
from .pipelines import edit as edit
from .pipelines import sets as sets
from .saving import save as save
from .saving import touch as touch
