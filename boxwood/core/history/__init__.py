"""What happened, told in each form: newsfeed, history, stream, audit log, notifications."""
