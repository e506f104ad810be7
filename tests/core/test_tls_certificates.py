"""What a certificate and its key say before anybody is shown them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gatewayd.core.tls.certificates import BadPair, judge_pair, read_chain
from tests.harness.certificates import Authority, Issued


def contents(issued: Issued) -> tuple[bytes, bytes]:
    """What is in the files."""
    return Path(issued.cert_file).read_bytes(), Path(issued.key_file).read_bytes()


def test_facts(tmp_path: Path) -> None:
    """Names in lower case, times, and the issuer."""
    issued = Authority(tmp_path).issue("API.example.org", "*.example.org", "10.0.0.1", "::1", ends=timedelta(days=3))
    facts = judge_pair(*contents(issued))
    assert facts.names == ("api.example.org", "*.example.org", "10.0.0.1", "::1")
    assert facts.not_after == issued.certificate.not_valid_after_utc.timestamp()
    assert facts.not_before == issued.certificate.not_valid_before_utc.timestamp()
    assert facts.issuer == "CN=authority"
    assert facts.broken_chain == ""


def test_common_name(tmp_path: Path) -> None:
    """Where there are no other names, the common name is one."""
    issued = Authority(tmp_path).issue(subject=[("common_name", "Old.example.org")])
    assert judge_pair(*contents(issued)).names == ("old.example.org",)


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_kinds_of_keys(tmp_path: Path, kind: str) -> None:
    """Keys by RSA and on curves go with their certificates."""
    assert judge_pair(*contents(Authority(tmp_path).issue("a", kind=kind))).names == ("a",)


def test_what_is_no_good(tmp_path: Path) -> None:
    """Which of the two is to blame, why, and never what is in the key."""
    authority = Authority(tmp_path)
    certificate, key = contents(authority.issue("one"))
    _, other = contents(authority.issue("other"))
    _, locked = contents(authority.issue("locked", password=b"secret"))
    broken = key.replace(key.splitlines()[1], b"c2VjcmV0" * 8)
    for pair, part, why in (
        ((b"", key), "certificate", "no certificate"),
        ((key, key), "certificate", "no certificate"),
        ((certificate, b""), "key", "no private key"),
        ((certificate, certificate), "key", "no private key"),
        ((certificate, broken), "key", "no private key"),
        ((certificate, other), "key", "not the key of the certificate"),
        ((certificate, locked), "key", "encrypted"),
    ):
        with pytest.raises(BadPair, match=why) as bad:
            judge_pair(*pair)
        assert bad.value.part == part
        assert bad.value.hint
        assert "c2VjcmV0" not in f"{bad.value!r}{bad.value.hint}"


def test_chains(tmp_path: Path) -> None:
    """A chain that breaks off is told of; one that a private authority ends, or a whole one, is not."""
    root = Authority(tmp_path, "root")
    middle = Authority(tmp_path, "middle", root)
    stranger = Authority(tmp_path, "stranger")
    where = "http://ca.example.org/middle.der"
    for issued, why in (
        (middle.issue("whole", chain=middle.pem), ""),
        (middle.issue("rooted", chain=middle.pem + root.pem), ""),
        (middle.issue("private"), ""),
        (middle.issue("broken", issuer_at=where), "the certificate of its issuer (CN=middle) is not in the file"),
        (middle.issue("mixed", chain=stranger.pem), "certificate 2 of the file did not issue the one before it"),
        (
            middle.issue("turned", chain=middle.pem + stranger.pem),
            "certificate 3 of the file did not issue the one before it",
        ),
    ):
        assert judge_pair(*contents(issued)).broken_chain == why
    assert len(read_chain(middle.pem + root.pem)) == 2
