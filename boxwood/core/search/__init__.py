"""The search index. `index` fills it, `query` searches it."""

from .index import AT_ONCE as AT_ONCE
from .index import BOX as BOX
from .index import COMMENT as COMMENT
from .index import CONTACT as CONTACT
from .index import FILE as FILE
from .index import MEETING as MEETING
from .index import MESSAGE as MESSAGE
from .index import MOST_LETTERS as MOST_LETTERS
from .index import NO_ENTRIES as NO_ENTRIES
from .index import ORGANIZATION as ORGANIZATION
from .index import PARTS as PARTS
from .index import TASK as TASK
from .index import TEXT_TYPES as TEXT_TYPES
from .index import PreparedEntries as PreparedEntries
from .index import SearchEntry as SearchEntry
from .index import catch_up as catch_up
from .index import index_new_box as index_new_box
from .index import index_new_boxes as index_new_boxes
from .index import is_behind as is_behind
from .index import mark as mark
from .index import prepare_entries as prepare_entries
from .index import prepare_new_entries as prepare_new_entries
from .index import reindex as reindex
from .index import reindex_all as reindex_all
from .index import reindex_parts as reindex_parts
from .index import title_mark as title_mark
