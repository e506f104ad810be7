"""The hostile client: what may be tried to pass for somebody else, against the real daemon."""
