"""The forms in which events are read: newsfeed, history, event stream, audit log, notifications, digests."""
