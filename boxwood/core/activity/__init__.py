"""The activity on a box: tasks, comments, meetings, files and e-mail."""
