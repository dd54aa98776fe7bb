"""Mail that users write: drafts, letters, and how letters are sent through mailboxes. Mail that the server writes by
itself, such as invitations, is in `core/outgoing_mail`."""
