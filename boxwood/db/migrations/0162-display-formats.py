"""How the numbers of a field are shown."""

from yoyo import step

from boxwood.db.schema import ddl

steps = [step(ddl("ALTER TABLE fields ADD COLUMN display_format JSON;"))]
