"""Events sent to other programs, and requests that other programs send."""
