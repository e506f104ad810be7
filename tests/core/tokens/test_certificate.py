"""Who a client's certificate says that it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gatewayd.core.tokens.certificate import CertificateParts, identity_of_certificate
from gatewayd.core.tokens.errors import BadToken
from tests.harness.certificates import Authority

SUBJECT = [
    ("common_name", "scanner-7"),
    ("organization", "acme"),
    ("organizational_unit", "door-staff"),
    ("organizational_unit", "box-office"),
]
NAMES: dict[str, Any] = {"uris": ["spiffe://acme/scanner"], "emails": ["a@example.org"]}


def der(folder: Path, *names: str, **options: Any) -> bytes:
    """A certificate."""
    return Authority(folder).issue(*names, **options).certificate.public_bytes(Encoding.DER)


def test_identity(tmp_path: Path) -> None:
    """Each part says what it is configured to say; the fingerprint is its id, and its time is the caller's."""
    issued = Authority(tmp_path).issue("scanner.acme.test", subject=SUBJECT, **NAMES)
    shown = issued.certificate.public_bytes(Encoding.DER)
    identity = identity_of_certificate(shown, CertificateParts("common_name", "organization", "organizational_unit"))
    assert (identity.subject, identity.tenant) == ("scanner-7", "acme")
    assert identity.roles == {"door-staff", "box-office"}
    assert (identity.method, identity.issuer) == ("certificate", None)
    assert identity.expires == issued.certificate.not_valid_after_utc.timestamp()
    assert identity.issued_at == issued.certificate.not_valid_before_utc.timestamp()
    assert identity.token_id is not None
    assert len(identity.token_id) == 64


@pytest.mark.parametrize(
    ("part", "subject"),
    [
        ("dns", "scanner.acme.test"),
        ("uri", "spiffe://acme/scanner"),
        ("email", "a@example.org"),
        ("organization", "acme"),
    ],
)
def test_parts(tmp_path: Path, part: Any, subject: str) -> None:
    """Alternative names are parts as well."""
    shown = der(tmp_path, "scanner.acme.test", subject=SUBJECT, **NAMES)
    assert identity_of_certificate(shown, CertificateParts(part)).subject == subject


def test_fingerprint(tmp_path: Path) -> None:
    """The fingerprint says who a caller is where nothing else does."""
    identity = identity_of_certificate(der(tmp_path, "a"), CertificateParts("fingerprint"))
    assert identity.subject == identity.token_id


@pytest.mark.parametrize(
    ("subject", "parts"),
    [
        (SUBJECT, CertificateParts("dns")),
        (SUBJECT, CertificateParts("organizational_unit")),
        (SUBJECT, CertificateParts("common_name", "organizational_unit")),
        ([("common_name", "caf\u00e9")], CertificateParts()),
        ([("common_name", "a\r\nX: b")], CertificateParts()),
        ([("common_name", "a"), ("organization", "two words")], CertificateParts("common_name", "organization")),
        (
            [("common_name", "a"), ("organizational_unit", "one, two")],
            CertificateParts("common_name", None, "organizational_unit"),
        ),
    ],
)
def test_nothing_that_counts(tmp_path: Path, subject: list[tuple[str, str]], parts: CertificateParts) -> None:
    """What is not said, or twice, or could not be written into a header field, lets nobody in."""
    with pytest.raises(BadToken) as bad:
        identity_of_certificate(der(tmp_path, subject=subject, file="odd"), parts)
    assert bad.value.error_type == "invalid"


def test_garbage() -> None:
    """What is no certificate is refused as well."""
    with pytest.raises(BadToken):
        identity_of_certificate(b"\x30\x00", CertificateParts())


def test_tenant_that_is_not_said(tmp_path: Path) -> None:
    """A certificate without a tenant is a caller without one."""
    shown = der(tmp_path, subject=[("common_name", "a")])
    assert identity_of_certificate(shown, CertificateParts("common_name", "organization")).tenant is None
