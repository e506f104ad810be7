"""What a certificate, its chain and its key say, judged before anybody is shown them.

No error quotes a key, nor why a library could not read it: that text could hold a part of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

Part = Literal["certificate", "key"]


class BadPair(ValueError):
    """A certificate and key that cannot be served: which `part` is to blame, why, and one next step (`hint`)."""

    def __init__(self, part: Part, why: str, hint: str) -> None:
        super().__init__(why)
        self.part = part
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says: the DNS names and addresses it is for (lower case, the subject's common name where it
    has no others), from when to when it is good (seconds since 1970), and who issued it.

    `broken_chain` says what is wrong with the certificates that stand behind it, in one phrase; empty for nothing.
    """

    names: tuple[str, ...]
    not_before: float
    not_after: float
    issuer: str
    broken_chain: str = ""


def read_chain(pem: bytes) -> list[x509.Certificate]:
    """The certificates in a PEM text, in order. Raises `BadPair`."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        hint = "give it a PEM file: the server's own certificate first, then those of its issuers"
        raise BadPair("certificate", "it holds no certificate that can be read", hint) from None


def judge_pair(certificate: bytes, key: bytes) -> Facts:
    """What the first certificate of a PEM text says, if `key` (PEM, not encrypted) is its own. Raises `BadPair`."""
    chain = read_chain(certificate)
    own = chain[0]
    try:
        private = load_pem_private_key(key, None)
    except TypeError:
        hint = "decrypt it with: openssl pkey -in KEY -out PLAIN; then chmod 600 PLAIN"
        raise BadPair("key", "the key is encrypted, and nobody is there to type its password", hint) from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadPair("key", "it holds no private key that can be read", "give it a private key in PEM") from None
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*spki) != own.public_key().public_bytes(*spki):
        hint = "compare the output of: openssl pkey -in KEY -pubout; openssl x509 -in CERTIFICATE -pubkey -noout"
        raise BadPair("key", "it is not the key of the certificate, which must be the first in its file", hint)
    return facts_of(chain)


def facts_of(chain: list[x509.Certificate]) -> Facts:
    """What the first certificate of a chain says, and what is wrong with the others."""
    own = chain[0]
    return Facts(
        tuple(dict.fromkeys(_names(own))),
        own.not_valid_before_utc.timestamp(),
        own.not_valid_after_utc.timestamp(),
        own.issuer.rfc4514_string(),
        _break_in(chain),
    )


def _names(certificate: x509.Certificate) -> Iterator[str]:
    """The names and addresses a certificate is for."""
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
            yield str(attribute.value).lower()
        return
    for name in alternative:
        if isinstance(name, x509.DNSName):
            yield name.value.lower()
        elif isinstance(name, x509.IPAddress):
            yield str(name.value)


def _break_in(chain: list[x509.Certificate]) -> str:
    """Where a chain breaks off; empty where it holds, or where its issuer may well be one that clients know."""
    for number, (lower, upper) in enumerate(pairwise(chain), 2):
        try:
            lower.verify_directly_issued_by(upper)
        except (ValueError, TypeError, InvalidSignature):
            return f"certificate {number} of the file did not issue the one before it"
    own = chain[0]
    if len(chain) == 1 and own.issuer != own.subject and _names_its_issuer(own):
        return f"the certificate of its issuer ({own.issuer.rfc4514_string()}) is not in the file"
    return ""


def _names_its_issuer(certificate: x509.Certificate) -> bool:
    """Whether a certificate says where that of its issuer is, which those of public authorities' intermediates do."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return any(one.access_method == AuthorityInformationAccessOID.CA_ISSUERS for one in access)
