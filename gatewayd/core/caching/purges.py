"""What is to be forgotten, in one word each: short however long what it is about, and the same in every gateway.

URLs and tags are told by a digest, so a word does not tell what it is about. Prefixes are told as they are, since
whatever begins with one has to be found.
"""

from __future__ import annotations

from hashlib import blake2b

_URL, _TAG, _PREFIX = b"u", b"t", b"p"
_DIGEST = 15  # bytes: nobody finds two that are alike
LONGEST_PREFIX = 8192  # bytes

EVERYTHING = _PREFIX  # the empty prefix


def purge_of_url(url: bytes) -> bytes:
    """The word for whatever is kept for a URL."""
    return _URL + blake2b(url, digest_size=_DIGEST).digest()


def purge_of_tag(tag: bytes) -> bytes:
    """The word for whatever has a tag."""
    return _TAG + blake2b(tag, digest_size=_DIGEST).digest()


def purge_of_prefix(prefix: bytes) -> bytes:
    """The word for whatever is kept for URLs that begin with `prefix`."""
    return _PREFIX + prefix


def prefix_in(purge: bytes) -> bytes | None:
    """The prefix that a word is about, None for another word."""
    return purge[1:] if purge[:1] == _PREFIX else None


def is_of_tag(purge: bytes) -> bool:
    """Whether a word is about a tag."""
    return purge[:1] == _TAG


def is_purge(word: bytes) -> bool:
    """Whether `word` is one that this module makes."""
    if word[:1] == _PREFIX:
        return len(word) <= 1 + LONGEST_PREFIX
    return word[:1] in (_URL, _TAG) and len(word) == 1 + _DIGEST
