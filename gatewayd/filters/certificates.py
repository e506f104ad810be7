"""Callers by the certificates of their connections: found out once for each connection."""

from __future__ import annotations

from gatewayd.core.forwarded import ClientCertificate
from gatewayd.core.tokens.certificate import CertificateParts, identity_of_certificate
from gatewayd.core.tokens.errors import BadToken
from gatewayd.filters.caller import Caller, Callers


class Certificates:
    """Says whose a certificate is; `parts` is where certificates say what."""

    __slots__ = ("_callers", "_parts")

    def __init__(self, parts: CertificateParts, callers: Callers) -> None:
        self._parts = parts
        self._callers = callers

    def find(self, certificate: ClientCertificate, now: float) -> Caller:
        """Whose it is at `now`, in seconds since 1970. Raises `BadToken`."""
        found = certificate.caller
        if found is None:
            try:
                found = self._callers(identity_of_certificate(certificate.der, self._parts))
            except BadToken as bad:
                found = bad
            certificate.caller = found
        if isinstance(found, BadToken):
            raise found.again()
        assert isinstance(found, Caller)
        if found.expires is not None and now >= found.expires:
            raise BadToken("expired", "the certificate has expired")
        return found
