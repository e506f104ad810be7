"""Keys: bound to one algorithm when loaded, refused when weak, found by name."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID
from jwt.algorithms import RSAAlgorithm

from gatewayd.core.tokens.errors import BadKey, BadToken
from gatewayd.core.tokens.jws import ALGORITHMS, parse
from gatewayd.core.tokens.keys import MOST_TRIED, Key, KeySet, from_pem, from_public_key, from_secret
from tests.core.tokens.forge import CLAIMS, SECRET, SIGNERS, forge, good, key, pem, private_key, signing_key

KINDS = ("RSA", "P-256", "P-384", "P-521", "secp256k1", "Ed25519", "Ed448")
FIT = {("RSA", alg) for alg in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")} | {
    ("P-256", "ES256"),
    ("P-384", "ES384"),
    ("P-521", "ES512"),
    ("Ed25519", "EdDSA"),
    ("Ed448", "EdDSA"),
}


@pytest.mark.parametrize("alg", sorted(ALGORITHMS))
def test_what_pyjwt_signs_is_verified(alg: str) -> None:
    """And nothing else: neither another message, nor a shorter, longer or empty signature."""
    verify = key(alg).verify
    signature = SIGNERS[alg].sign(b"message", signing_key(alg))
    assert verify(b"message", signature)
    assert not verify(b"massage", signature)
    for wrong in (b"", signature[:-1], signature + b"\0", b"\0" + signature, bytes(len(signature)), signature[::-1]):
        assert not verify(b"message", wrong)


def test_ed448_is_verified() -> None:
    """EdDSA has two curves; a key is of one of them."""
    signature = SIGNERS["EdDSA"].sign(b"message", private_key("Ed448"))
    assert from_pem(pem("Ed448"), "EdDSA").verify(b"message", signature)
    assert not from_pem(pem("Ed25519"), "EdDSA").verify(b"message", signature)


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("more", [0, 1, 64, 65, 200])
def test_secrets_of_any_length(alg: str, more: int) -> None:
    """Also those that HMAC hashes first because they are longer than its block."""
    secret = b"s" * (int(alg[2:]) // 8 + more)
    assert from_secret(secret, alg).verify(b"message", SIGNERS[alg].sign(b"message", secret))


@pytest.mark.parametrize(("alg", "least"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_short_secrets(alg: str, least: int) -> None:
    """A secret as long as the hash will do, one byte less will not."""
    assert from_secret(b"s" * least, alg).alg == alg
    for length in (0, 1, least - 1):
        with pytest.raises(BadKey) as caught:
            from_secret(b"s" * length, alg)
        assert "ssss" not in str(caught.value)


@pytest.mark.parametrize("alg", sorted(ALGORITHMS))
@pytest.mark.parametrize("kind", KINDS)
def test_kinds_and_curves(kind: str, alg: str) -> None:
    """A public key goes with its own algorithms only, and never with an HMAC."""
    if (kind, alg) in FIT:
        assert from_pem(pem(kind), alg).alg == alg
    else:
        with pytest.raises(BadKey):
            from_pem(pem(kind), alg)


@pytest.mark.parametrize("alg", ["none", "", "HS256", "HS1", "RS1", "ES256K", "XS256", "RS"])
def test_algorithms_no_public_key_verifies(alg: str) -> None:
    """Neither none nor an HMAC, whatever it is called."""
    with pytest.raises(BadKey):
        from_pem(pem("RSA"), alg)


@pytest.mark.parametrize("alg", ["none", "", "RS256", "EdDSA", "HS1", "HS"])
def test_algorithms_no_secret_verifies(alg: str) -> None:
    """A secret is for HMACs."""
    with pytest.raises(BadKey):
        from_secret(SECRET, alg)


def test_weak_rsa() -> None:
    """Less than 2048 bits are refused for every algorithm."""
    for alg in ("RS256", "PS512"):
        with pytest.raises(BadKey, match="1024"):
            from_pem(pem("RSA1024"), alg)


@pytest.mark.parametrize(
    "secret",
    [
        pem("RSA"),
        b"\n" + pem("P-256"),
        private_key("RSA").public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        private_key("Ed25519").public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        RSAAlgorithm.to_jwk(private_key("RSA").public_key()).encode(),
        json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0" * 10}]}).encode(),
    ],
    ids=["pem", "pem-behind-a-line", "der", "ssh", "jwk", "jwks"],
)
def test_public_keys_are_no_secrets(secret: bytes) -> None:
    """A key that everyone knows, put where the secret belongs, would make everyone a signer."""
    with pytest.raises(BadKey, match="no secret"):
        from_secret(secret, "HS256")


def certificate() -> bytes:
    """A certificate of the RSA key, signed by itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, private_key("RSA").public_key(), 1, start, start + timedelta(1))
    return builder.sign(private_key("RSA"), SHA256()).public_bytes(Encoding.PEM)


def test_certificates() -> None:
    """The key of a certificate is a key."""
    taken = from_pem(certificate(), "RS256", "k")
    jws = parse(good("RS256"))
    assert taken.verify(jws.signing_input, jws.signature)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"secret",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        pem("RSA")[:-60],
        private_key("RSA").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        private_key("P-256").private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    ],
)
def test_no_public_keys(text: bytes) -> None:
    """What is no PEM text of a public key is refused, private keys too, and not quoted."""
    with pytest.raises(BadKey) as caught:
        from_pem(text, "RS256")
    assert len(text) < 60 or text[40:60].decode() not in str(caught.value)


def test_repr_says_names_only() -> None:
    """Neither keys nor sets of them print what they are made of."""
    taken = from_secret(SECRET, "HS256", "k1")
    assert repr(taken) == "Key(kid='k1', alg='HS256')"
    assert repr(KeySet([taken])) == "<KeySet k1:HS256>"


def stub(kid: str | None, alg: str = "RS256") -> Key:
    """A key that verifies nothing."""
    return Key(kid, alg, lambda message, signature: False)


A, B, C, D = stub("a"), stub("b"), stub("a", "ES256"), stub(None)


@pytest.mark.parametrize(
    ("keys", "kid", "alg", "found"),
    [
        ([], None, "RS256", []),
        ([], "a", "RS256", []),
        ([A, B, C], "a", "RS256", [A]),
        ([A, B, C], "a", "ES256", [C]),
        ([A, B, C], "b", "ES256", []),
        ([A, B, C], "c", "RS256", []),
        ([A, B, C], None, "RS256", [A, B]),
        ([A, B, C], None, "HS256", []),
        ([A, D], "a", "RS256", [A]),
        ([A, D], "c", "RS256", [D]),
        ([A, D], None, "RS256", [A, D]),
        ([C, D], "a", "RS256", []),  # a key with this name is for something else: it is not looked for elsewhere
        ([A, A], "a", "RS256", [A, A]),
    ],
)
def test_finding(keys: list[Key], kid: str | None, alg: str, found: list[Key]) -> None:
    """By name and algorithm; keys without a name stand in for names nobody has."""
    assert list(KeySet(keys).find(kid, alg)) == found


def test_few_keys_are_tried() -> None:
    """However many keys an issuer has, one token costs no more than a few verifications."""
    keys = KeySet(stub(f"k{number}") for number in range(100))
    assert len(keys.find(None, "RS256")) == MOST_TRIED
    assert len(KeySet([A] * 100).find("a", "RS256")) == MOST_TRIED
    assert keys.find("k99", "RS256") == (stub("k99"),)
    assert (len(keys), len(list(keys)), "k99" in keys.kids) == (100, 100, True)


@pytest.mark.parametrize(
    ("keys", "header", "error_type", "curable"),
    [
        ([key("RS256", "a")], {"alg": "HS256", "kid": "a"}, "algorithm", False),
        ([key("RS256", "a")], {"alg": "HS256", "kid": "b"}, "unknown_key", True),
        ([key("RS256", "a")], {"alg": "HS256"}, "unknown_key", True),
        ([from_secret(b"x" * 32, "HS256", "a")], {"alg": "HS256", "kid": "a"}, "invalid", False),
        ([from_secret(b"x" * 32, "HS256", "a")], {"alg": "HS256"}, "invalid", True),
        ([from_secret(b"x" * 32, "HS256")], {"alg": "HS256"}, "invalid", True),
        ([from_secret(b"x" * 32, "HS256")], {"alg": "HS256", "kid": "a"}, "unknown_key", True),
        ([], {"alg": "HS256", "kid": "a"}, "unknown_key", True),
    ],
)
def test_what_is_wrong_with_a_signature(
    keys: list[Key], header: dict[str, str], error_type: str, curable: bool
) -> None:
    """And whether newer keys might say otherwise."""
    with pytest.raises(BadToken) as caught:
        KeySet(keys).key_of(parse(forge(CLAIMS, header)), "main")
    assert caught.value.error_type == error_type
    assert caught.value.issuer == ("main" if curable else None)


def test_rotation_overlaps() -> None:
    """While two keys are good, tokens of both are, with and without a name."""
    old, new = key("RS256", "old"), from_public_key(private_key("RSA2").public_key(), "RS256", "new")
    keys = KeySet([old, new])
    for kid, signer in (("old", "RSA"), ("new", "RSA2")):
        for header in ({"alg": "RS256", "kid": kid}, {"alg": "RS256"}):
            token = parse(forge(CLAIMS, header, "RS256", private_key(signer)))
            assert keys.key_of(token, "main").kid == kid
