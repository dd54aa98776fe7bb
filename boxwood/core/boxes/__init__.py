"""Boxes: the things that a pipeline moves along, such as deals, candidates or tickets."""

from .boxes import TABLES_WITH_PIPELINE as TABLES_WITH_PIPELINE
from .boxes import add_addresses as add_addresses
from .boxes import delete as delete
from .boxes import record_addresses as record_addresses
from .boxes import save as save
from .boxes import save_activity as save_activity
from .creation import PreparedBoxes as PreparedBoxes
from .creation import create as create
from .creation import create_many as create_many
from .creation import insert as insert
from .creation import take_over as take_over
from .edits import edit as edit
from .edits import set_field as set_field
from .lookup import get as get
from .lookup import get_stored as get_stored
from .lookup import lock as lock
from .lookup import lock_many as lock_many
from .lookup import pipeline_of as pipeline_of
from .lookup import reach as reach
from .lookup import readers as readers
from .lookup import seen_among as seen_among
