"""Boxes: the things a pipeline moves along - deals, candidates, tickets."""

from .boxes import PARTS as PARTS
from .boxes import add_addresses as add_addresses
from .boxes import delete as delete
from .boxes import note as note
from .boxes import record_addresses as record_addresses
from .boxes import save as save
from .creation import PreparedBoxes as PreparedBoxes
from .creation import create as create
from .creation import create_many as create_many
from .creation import place as place
from .edits import edit as edit
from .edits import set_field as set_field
from .lookup import get as get
from .lookup import hold as hold
from .lookup import locked as locked
from .lookup import pipeline_of as pipeline_of
from .lookup import reach as reach
from .lookup import readers as readers
from .lookup import stored as stored
