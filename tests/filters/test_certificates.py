"""Callers by the certificates of their connections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gatewayd.core.forwarded import ClientCertificate
from gatewayd.core.reasons import (
    EXPIRED_CERTIFICATE,
    INVALID_CERTIFICATE,
    REVOKED_TOKEN,
    UNAUTHENTICATED,
    Reason,
    Refused,
)
from gatewayd.core.tokens.certificate import CertificateParts
from gatewayd.filters.authenticate import Authenticate
from gatewayd.filters.authentication import Mode
from gatewayd.filters.certificates import Certificates
from tests.harness.certificates import Authority

from .asked import Asked
from .door import Door, bearer

SUBJECT = [("common_name", "scanner-7"), ("organization", "acme")]


class Gate:
    """Routes that take certificates, among other things."""

    def __init__(self, folder: Path) -> None:
        self.door = Door()
        parts = CertificateParts("common_name", "organization")
        made = Certificates(parts, self.door.shared.callers)
        object.__setattr__(self.door.shared, "certificates", made)
        self.issued = Authority(folder).issue(subject=SUBJECT)
        self.certificate = ClientCertificate(self.issued.certificate.public_bytes(Encoding.DER))
        self.door.now = self.issued.certificate.not_valid_after_utc.timestamp() - 60.0

    def filter(self, methods: str = "certificate", mode: Mode = "required") -> Authenticate:
        """A route's."""
        return self.door.filter(methods, mode)

    def asked(self, *lines: bytes, shown: bool = True) -> Any:
        """A request, on a connection that has shown a certificate."""
        asked = Asked(*lines)
        asked.channel.peer.certificate = self.certificate if shown else None
        return asked


def refused(call: Any, asked: Any) -> Refused:
    """What a request is refused with."""
    with pytest.raises(Refused) as caught:
        call(asked)
    return caught.value


def test_caller(tmp_path: Path) -> None:
    """A connection is asked once who it is; each request counts."""
    gate = Gate(tmp_path)
    first, second = gate.asked(), gate.asked()
    for asked in (first, second):
        assert gate.filter()(asked) is None
    assert first.caller is second.caller
    assert first.caller.identity.subject == "scanner-7"
    assert (first.tenant, first.by_cookie) == (b"acme", False)
    assert b"X-User-Id: scanner-7\r\n" in first.identity


def test_nothing_shown(tmp_path: Path) -> None:
    """Without a certificate the route says what it wants, or lets pass who may say nothing."""
    gate = Gate(tmp_path)
    why = refused(gate.filter(), gate.asked(shown=False))
    assert why.reason is UNAUTHENTICATED
    assert why.headers == b'WWW-Authenticate: Certificate realm="shop"\r\n'
    optional = gate.asked(shown=False)
    assert gate.filter(mode="optional")(optional) is None
    assert optional.caller is None


def test_other_methods(tmp_path: Path) -> None:
    """A route that takes no certificates does not look at them, and a gateway without the section has none."""
    gate = Gate(tmp_path)
    assert refused(gate.filter("jwt"), gate.asked()).reason is UNAUTHENTICATED
    without = Door().filter("certificate jwt")
    assert refused(without, gate.asked()).reason is UNAUTHENTICATED


@pytest.mark.parametrize("methods", ["certificate", "certificate api_key"])
def test_a_token_that_is_not_for_the_gateway(tmp_path: Path, methods: str) -> None:
    """Where tokens are not taken, one may be the service's business: the certificate counts."""
    gate = Gate(tmp_path)
    asked = gate.asked(bearer(b"abc"))
    assert gate.filter(methods)(asked) is None
    assert asked.caller.identity.method == "certificate"


def test_a_token_goes_first(tmp_path: Path) -> None:
    """Where tokens are taken, a bad one is not made good by a certificate."""
    gate = Gate(tmp_path)
    why = refused(gate.filter("certificate jwt"), gate.asked(bearer(b"abc")))
    assert why.reason.status == 401
    assert gate.filter("certificate jwt")(gate.asked()) is None


@pytest.mark.parametrize(
    ("later", "der", "reason"), [(61.0, None, EXPIRED_CERTIFICATE), (0.0, b"\x30\x00", INVALID_CERTIFICATE)]
)
def test_not_taken(tmp_path: Path, later: float, der: bytes | None, reason: Reason) -> None:
    """A certificate that has expired since, or says nothing that counts, is refused each time and told of."""
    gate = Gate(tmp_path)
    if der is not None:
        gate.certificate = ClientCertificate(der)
    else:
        gate.filter()(gate.asked())
    gate.door.now += later
    for _ in range(2):
        why = refused(gate.filter(), gate.asked())
        assert why.reason is reason
        assert why.headers.startswith(b"WWW-Authenticate: Certificate ")
    assert [event for event, _ in gate.door.told.events] == ["audit.certificate_refused"] * 2


def test_revoked(tmp_path: Path) -> None:
    """A certificate is revoked by its fingerprint as a token is by its id."""
    gate = Gate(tmp_path)
    asked = gate.asked()
    gate.filter()(asked)
    now = gate.door.now
    assert gate.door.revocations.revoke_token(None, asked.caller.identity.token_id, now + 60.0, now)
    why = refused(gate.filter(), gate.asked())
    assert why.reason is REVOKED_TOKEN
    assert why.headers.startswith(b"WWW-Authenticate: Certificate ")
