"""Signatures of webhooks, checked while the body streams by: the service gets the same bytes and fields.

Two forms are known. `t=TIME,v1=HEX,...` signs the time, a dot and the body, so that an old request cannot be sent again
(Stripe). `sha256=HEX` signs the body alone (GitHub and many others). Both are HMAC-SHA256 (RFC 2104).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from typing import Literal

SHORTEST_SECRET = 16  # bytes, blanks around them aside; those that senders give out have twice as many
MOST_SIGNATURES = 8  # in one field: senders add one per secret while they rotate
_LONGEST_FIELD = 1024

_ITEM = re.compile(rb"([A-Za-z0-9_]{1,32})=([\x21-\x2b\x2d-\x7e]*)")
_TIME = re.compile(rb"[0-9]{1,11}")
_DIGEST = re.compile(rb"[0-9a-fA-F]{64}")
_PLAIN = re.compile(rb"sha256=([0-9a-fA-F]{64})")

Form = Literal["timed", "plain"]


class BadSignature(ValueError):
    """A request that is not proven to come from the sender. `why` is one of `CAUSES`."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the webhook's signature is {why}")
        self.why = why


CAUSES = ("missing", "malformed", "stale", "early", "wrong")


class Senders:
    """The secrets one kind of webhook may be signed with, and how.

    `tolerance` is how many seconds the signed time may lie in the past or in the future; it means nothing to the plain
    form, which has no time.
    """

    __slots__ = ("_form", "_secrets", "_tolerance")

    def __init__(self, secrets: Iterable[bytes], form: Form = "timed", tolerance: float = 300.0) -> None:
        """Raises `ValueError` without secrets or for a short one: anyone could guess it, and sign with it."""
        self._secrets = tuple(secrets)
        if not self._secrets or any(len(secret.strip()) < SHORTEST_SECRET for secret in self._secrets):
            raise ValueError(f"a webhook needs a secret, and none of less than {SHORTEST_SECRET} bytes")
        self._form = form
        self._tolerance = tolerance

    def begin(self, fields: list[bytes], now: float) -> Check:
        """A check of a request with these values of the signature field, at `now` (seconds since 1970).

        Raises `BadSignature` for what no body can make right.
        """
        if not fields:
            raise BadSignature("missing")
        field = fields[0]
        if len(fields) > 1 or len(field) > _LONGEST_FIELD:
            raise BadSignature("malformed")
        if self._form == "plain":
            match = _PLAIN.fullmatch(field)
            if match is None:
                raise BadSignature("malformed")
            return Check(self._secrets, [match[1]], b"")
        time, signatures = _timed(field)
        if now - int(time) > self._tolerance:
            raise BadSignature("stale")
        if int(time) - now > self._tolerance:
            raise BadSignature("early")
        return Check(self._secrets, signatures, time + b".")

    def verify(self, fields: list[bytes], body: bytes, now: float) -> None:
        """Raise `BadSignature` unless `fields` prove that a sender signed `body`."""
        check = self.begin(fields, now)
        check.update(body)
        check.finish()


class Check:
    """One request's body on its way past: `update` with every piece, then `finish`."""

    __slots__ = ("_macs", "_signatures")

    def __init__(self, secrets: Iterable[bytes], signatures: Iterable[bytes], before: bytes) -> None:
        self._macs = [hmac.new(secret, before, "sha256") for secret in secrets]
        self._signatures = [bytes.fromhex(signature.decode()) for signature in signatures]

    def update(self, piece: bytes) -> None:
        """Take in the next bytes of the body."""
        for mac in self._macs:
            mac.update(piece)

    def finish(self) -> None:
        """Raise `BadSignature` unless one of the secrets signed all that came.

        All pairs are compared, each in constant time: how long it takes tells nothing about which one came close.
        """
        right = False
        for mac in self._macs:
            digest = mac.digest()
            for signature in self._signatures:
                right |= hmac.compare_digest(digest, signature)
        if not right:
            raise BadSignature("wrong")


def _timed(field: bytes) -> tuple[bytes, list[bytes]]:
    """The time, as written, and the signatures of `t=TIME,v1=HEX,v1=HEX`; other items are skipped."""
    time: bytes | None = None
    signatures = []
    for item in field.split(b","):
        match = _ITEM.fullmatch(item.strip(b" "))
        if match is None:
            raise BadSignature("malformed")
        key, value = match.groups()
        if key == b"t":
            if time is not None or not _TIME.fullmatch(value):
                raise BadSignature("malformed")
            time = value
        elif key == b"v1":
            if not _DIGEST.fullmatch(value):
                raise BadSignature("malformed")
            signatures.append(value)
    if time is None or not 0 < len(signatures) <= MOST_SIGNATURES:
        raise BadSignature("malformed")
    return time, signatures
