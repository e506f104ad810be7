"""Who a client's certificate says that it is. That it is good, and the client's own, TLS has found out already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from gatewayd.core.tokens.errors import BadToken
from gatewayd.core.tokens.identity import ClaimPaths, Identity, identity_of

Part = Literal["common_name", "organization", "organizational_unit", "dns", "uri", "email", "fingerprint"]
"""What of a certificate says something: parts of its subject, its alternative names, or the SHA-256 of all of it."""

_SUBJECT = {
    "common_name": NameOID.COMMON_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizational_unit": NameOID.ORGANIZATIONAL_UNIT_NAME,
}
_PATHS = ClaimPaths()


@dataclass(frozen=True, slots=True)
class CertificateParts:
    """Where certificates say what; None where they do not say it."""

    subject: Part = "common_name"
    tenant: Part | None = None
    roles: Part | None = None


def identity_of_certificate(der: bytes, parts: CertificateParts) -> Identity:
    """The caller that a certificate describes; its fingerprint stands for the `jti` of a token.

    Raises `BadToken("invalid")` for one that does not say who it is, or says it twice, or so that it could not be
    written into a header field.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        values = dict(_values(certificate))
    except ValueError:
        raise BadToken("invalid", "the certificate cannot be read") from None
    claims: dict[str, object] = {"sub": _only(values, parts.subject)}
    if claims["sub"] is None:
        raise BadToken("invalid", f"the certificate has no {parts.subject}")
    if parts.tenant is not None:
        claims["tenant_id"] = _only(values, parts.tenant)
    if parts.roles is not None:
        claims["roles"] = values.get(parts.roles, [])
    identity = identity_of(claims, _PATHS, None, "certificate")
    return replace(
        identity,
        token_id=values["fingerprint"][0],
        issued_at=certificate.not_valid_before_utc.timestamp(),
        expires=certificate.not_valid_after_utc.timestamp(),
        claims=values,
    )


def _only(values: dict[str, list[str]], part: Part) -> str | None:
    """The one value of a part; None if there is none."""
    found = values.get(part, [])
    if len(found) > 1:
        raise BadToken("invalid", f"the certificate has more than one {part}")
    return found[0] if found else None


def _values(certificate: x509.Certificate) -> Iterator[tuple[str, list[str]]]:
    """Everything a certificate says that may mean something here."""
    yield "fingerprint", [certificate.fingerprint(hashes.SHA256()).hex()]
    for part, oid in _SUBJECT.items():
        yield part, [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(oid)]
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    yield "dns", names.get_values_for_type(x509.DNSName)
    yield "uri", names.get_values_for_type(x509.UniformResourceIdentifier)
    yield "email", names.get_values_for_type(x509.RFC822Name)
