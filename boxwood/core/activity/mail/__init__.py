"""The e-mail of mailboxes: which mail belongs to which box, who may see it, and how it is stored."""
