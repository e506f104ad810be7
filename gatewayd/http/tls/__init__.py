"""TLS on any transport, towards clients and towards services.

The records are made and read by the standard library's `ssl`, over buffers in memory; the bytes travel by whatever
transport there is, so that closing, aborting and pausing mean the same as without TLS.
"""
