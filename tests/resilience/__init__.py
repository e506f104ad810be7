"""Services that fail, seen from end to end: the real daemon on real sockets, and the order in which things happen."""
