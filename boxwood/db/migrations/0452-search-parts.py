"""Search finds tasks, comments, meetings and files: the entries of those that exist are made soon after the upgrade."""

from boxwood.db.schema import ddl

CHORES = """
INSERT INTO search_chores (kind, key) SELECT 'task', key FROM tasks WHERE NOT is_draft;
INSERT INTO search_chores (kind, key) SELECT 'comment', key FROM comments;
INSERT INTO search_chores (kind, key) SELECT 'meeting', key FROM meetings WHERE NOT is_draft;
INSERT INTO search_chores (kind, key) SELECT 'file', key FROM files
"""

steps = [ddl(CHORES)]
