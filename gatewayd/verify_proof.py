"""Verifies the proof that gatewayd sends with each request. It needs nothing of gatewayd: copy it into your service."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping

FIELDS = ("x-tenant-id", "x-user-id", "x-user-roles", "x-user-scopes")
TOLERANCE = 60  # seconds that the clocks of gateway and service may differ, and a request may travel
_PROOF = re.compile(r"t=([0-9]{1,11}),n=([A-Za-z0-9_-]{16,64}),b=([0-9a-f]{64}|UNSIGNED),s=([0-9a-f]{64})")


def verify(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    secret: bytes,
    now: float,
    seen_nonce: Callable[[str, float], bool],
    *,
    require_body: bool = False,
) -> dict[str, str]:
    """The identity fields of a request, proven; empty where the gateway named nobody. Raises `ValueError` otherwise.

    `target` is path and query as they came, undecoded; `headers` have names in lower case; `now` is `time.time()`.
    `seen_nonce(nonce, until)` remembers a nonce until that time and returns whether it was there before. With
    `require_body` a proof that says nothing about the body (streamed, thus UNSIGNED) is refused.
    """
    match = _PROOF.fullmatch(headers.get("x-gateway-proof", ""))
    if match is None:
        raise ValueError("the request has no proof")
    time, nonce, digest, signature = match.groups()
    identity = {name: headers.get(name, "") for name in FIELDS}
    parts = [one.encode() for one in ("gatewayd-proof-1", method, target, digest, time, nonce, *identity.values())]
    signed = b"".join(b"%d:%b\n" % (len(part), part) for part in parts)
    if not hmac.compare_digest(hmac.digest(secret, signed, "sha256").hex(), signature):
        raise ValueError("the proof is not about this request")
    if require_body and digest == "UNSIGNED":
        raise ValueError("the proof says nothing about the body")
    if digest != "UNSIGNED" and digest != hashlib.sha256(body).hexdigest():
        raise ValueError("the proof is not about this body")
    if abs(now - int(time)) > TOLERANCE or seen_nonce(nonce, int(time) + TOLERANCE):
        raise ValueError("the proof is from another time, or was used before")
    return identity
