"""`gatewayctl token` and `gatewayctl keys`: the gateway takes what they make, and secrets stay secret."""

import io
import json
import stat
from pathlib import Path

import jwt
import pytest

from gatewayd.core.apikeys import ApiKey, KeyTable
from tests.ctl.shell import ask

PEPPER = "a pepper of 24 characters"


@pytest.fixture
def pepper(tmp_path: Path) -> Path:
    """A file with a pepper, and the line end that editors add."""
    file = tmp_path / "pepper"
    file.write_text(PEPPER + "\n")
    return file


def test_decode() -> None:
    """Header and claims are shown, times as people read them, with a warning."""
    token = jwt.encode({"sub": "me", "exp": 1700000000}, "x" * 32, algorithm="HS256", headers={"kid": "k1"})
    told = json.loads(ask("token", "decode", token, "--json").out)
    assert told["header"]["kid"] == "k1"
    assert told["claims"] == {"sub": "me", "exp": 1700000000}
    text = ask("token", "decode", f"Bearer {token}").out
    assert "2023-11-14 22:13:20 UTC" in text
    assert "ago" in text
    assert "was not checked" in text


def test_decode_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token need not stand on a command line, where other users see it."""
    monkeypatch.setattr("sys.stdin", io.StringIO(jwt.encode({"sub": "me"}, "x" * 32) + "\n"))
    assert '"me"' in ask("token", "decode", "--json").out


@pytest.mark.parametrize("token", ["abc", "a.b", "a.b.c", "e30.W10.", "e30.bm8.", "\u00e4.\u00e4.\u00e4"])
def test_no_token(token: str) -> None:
    """What is no token is said to be none."""
    answer = ask("token", "decode", token)
    assert answer.code == 1
    assert answer.err.startswith("gatewayctl: ")


def test_an_exp_beyond_all_time() -> None:
    """A number that is no time is shown as it is."""
    assert "no time that there is" in ask("token", "decode", jwt.encode({"exp": 10**30}, "x" * 32)).out


def test_a_new_key_is_taken(pepper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry of a new key lets that key in; the same entry is made from the key on standard input."""
    made = json.loads(ask("keys", "new", "--pepper-file", pepper, "--json").out)
    table = KeyTable([ApiKey(made["id"], made["hash"])], PEPPER.encode())
    assert table.find(made["key"].encode(), 0.0).id == made["id"]
    monkeypatch.setattr("sys.stdin", io.StringIO(made["key"] + "\n"))
    assert json.loads(ask("keys", "hash", "--pepper-file", pepper, "--json").out) == {
        "id": made["id"],
        "hash": made["hash"],
    }


def test_no_key(pepper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no key is not hashed, nor repeated."""
    monkeypatch.setattr("sys.stdin", io.StringIO("gw_secret"))
    answer = ask("keys", "hash", "--pepper-file", pepper)
    assert answer.code == 1
    assert "gw_secret" not in answer.err + answer.out


def test_a_poor_pepper(tmp_path: Path) -> None:
    """A short pepper is refused, with how to make a good one, and not repeated."""
    file = tmp_path / "pepper"
    file.write_text("salt")
    answer = ask("keys", "new", "--pepper-file", file)
    assert answer.code == 1
    assert "openssl rand" in answer.err
    assert "salt" not in answer.err


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_a_key_pair(tmp_path: Path, algorithm: str) -> None:
    """What the private key signs, the printed JWK Set verifies; only its owner can read the private key."""
    file = tmp_path / "private.pem"
    printed = ask("keys", "pair", "--algorithm", algorithm, "--id", "k7", "--out", file).out
    token = jwt.encode({"sub": "me"}, file.read_text(), algorithm=algorithm, headers={"kid": "k7"})
    key = jwt.PyJWKSet.from_dict(json.loads(printed))["k7"]
    assert jwt.decode(token, key, algorithms=[algorithm]) == {"sub": "me"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not {"d", "p", "q"} & set(json.loads(printed)["keys"][0])


def test_no_key_is_overwritten(tmp_path: Path) -> None:
    """A file that is there stays as it is."""
    file = tmp_path / "private.pem"
    file.write_text("precious")
    answer = ask("keys", "pair", "--out", file)
    assert answer.code == 1
    assert "exists already" in answer.err
    assert file.read_text() == "precious"
