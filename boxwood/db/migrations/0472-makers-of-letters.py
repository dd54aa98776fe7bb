"""The API key through which a letter was scheduled: the letter is sent only if the key may send mail then."""

from boxwood.db.schema import ddl

steps = [ddl("ALTER TABLE sent_letters ADD COLUMN maker TEXT;")]
