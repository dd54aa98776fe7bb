"""What people do on a box: tasks, comments, meetings, files, mail."""
