"""Who was shown the link of an invitation, so that the link can be checked when it is used."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
ALTER TABLE sign_in_links ADD COLUMN shown_to TEXT REFERENCES users (key) ON DELETE CASCADE;
UPDATE sign_in_links SET shown_to = (
    SELECT i.inviter_key FROM invitations i WHERE i.key = sign_in_links.invitation_key AND NOT i.mailed
);
""")
]
