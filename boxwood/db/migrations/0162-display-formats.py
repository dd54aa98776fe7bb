"""How the numbers of a field are shown."""

from boxwood.db.schema import ddl

steps = [ddl("ALTER TABLE fields ADD COLUMN display_format JSON;")]
