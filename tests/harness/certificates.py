"""Certificates of a test's own authorities, for servers and for clients, good ones and bad ones."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

_LONG = timedelta(days=365)
_PARTS = {
    "common_name": NameOID.COMMON_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizational_unit": NameOID.ORGANIZATIONAL_UNIT_NAME,
}


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its key, and the files they are in."""

    certificate: x509.Certificate
    cert_file: str
    key_file: str

    @property
    def section(self) -> dict[str, str]:
        """What a configuration says of it."""
        return {"cert_file": self.cert_file, "key_file": self.key_file}


class Authority:
    """Signs certificates, in `folder`; its own is in `file`. With an `issuer` it is an intermediate one of that."""

    def __init__(self, folder: Path, name: str = "authority", issuer: Authority | None = None) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._issuer = issuer or self
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(
            self._issuer._name,
            self._name,
            self._key.public_key(),
            x509.random_serial_number(),
            now - _LONG,
            now + _LONG,
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = builder.sign(self._issuer._key, hashes.SHA256())
        self.pem = self.certificate.public_bytes(Encoding.PEM)
        self.file = str(folder / f"{name}.pem")
        Path(self.file).write_bytes(self.pem)

    def issue(
        self,
        *names: str,
        subject: Sequence[tuple[str, str]] = (),
        uris: Sequence[str] = (),
        emails: Sequence[str] = (),
        ends: timedelta = _LONG,
        begins: timedelta = -_LONG,
        file: str = "",
        kind: str = "ec",
        password: bytes | None = None,
        chain: bytes = b"",
        issuer_at: str = "",
    ) -> Issued:
        """A certificate for these DNS names and addresses, called `file` or as the first of them.

        `subject` are its parts, the first name's alone if left out; `ends` and `begins` are from now.
        """
        now = datetime.now(UTC)
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
        key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
        parts = subject or [("common_name", names[0])]
        name = x509.Name([x509.NameAttribute(_PARTS[part], value) for part, value in parts])
        builder = x509.CertificateBuilder(
            self._name, name, key.public_key(), x509.random_serial_number(), now + begins, now + ends
        )
        alternative: list[x509.GeneralName] = [_alternative(one) for one in names]
        alternative += [x509.UniformResourceIdentifier(uri) for uri in uris]
        alternative += [x509.RFC822Name(email) for email in emails]
        if alternative:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        if issuer_at:
            place = x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(issuer_at)
            )
            builder = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        stem = file or parts[0][1]
        cert_file, key_file = self._folder / f"{stem}.pem", self._folder / f"{stem}.key"
        hidden: KeySerializationEncryption = NoEncryption() if password is None else BestAvailableEncryption(password)
        key_file.touch(mode=0o600)
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden))
        cert_file.write_bytes(certificate.public_bytes(Encoding.PEM) + chain)
        return Issued(certificate, str(cert_file), str(key_file))

    def revoke(self, *issued: Issued, file: str = "revoked", ends: timedelta = _LONG) -> str:
        """The file of a list of revoked certificates."""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder(self._name, now - _LONG, now + ends)
        for one in issued:
            entry = x509.RevokedCertificateBuilder(one.certificate.serial_number, now - timedelta(hours=1)).build()
            builder = builder.add_revoked_certificate(entry)
        path = self._folder / f"{file}.crl"
        path.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))
        return str(path)


def _alternative(name: str) -> x509.GeneralName:
    """A DNS name or an address."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
