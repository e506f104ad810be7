"""Nothing that is printed, logged or raised says a secret."""

from __future__ import annotations

import traceback

import pytest

from gatewayd.core.tokens.errors import ERROR_TYPES, BadKey, BadToken, NoKeys
from gatewayd.core.tokens.issuers import Issuer, Issuers
from gatewayd.core.tokens.keys import KeySet, from_pem, from_secret
from tests.core.tokens.forge import CLAIMS, ISS, NOW, SECRET, forge, good, issuers
from tests.core.tokens.test_attacks import ATTACKS

TAKEN = issuers()


def test_everything_that_holds_a_secret() -> None:
    """Keys, sets of keys, issuers, tokens and callers."""
    key = from_secret(SECRET, "HS256", "k1")
    verified = TAKEN.verify(good(secret_claim="sesame"), NOW)
    printed = [repr(thing) for thing in (key, KeySet([key]), TAKEN, verified, verified.identity(), verified.issuer)]
    for text in (*printed, *map(str, (key, verified, verified.identity()))):
        assert SECRET.decode() not in text
        assert "sesame" not in text
        assert good().decode().split(".")[1] not in text


@pytest.mark.parametrize("name", ATTACKS)
def test_tracebacks(name: str) -> None:
    """A refusal that comes to be logged with its whole chain of causes quotes neither the token nor what it says."""
    token = ATTACKS[name][0]
    with pytest.raises(BadToken) as caught:
        TAKEN.verify(token, NOW)
    lines = traceback.TracebackException.from_exception(caught.value).format()
    text = "".join(line for line in lines if not line.startswith("  File"))
    assert not [part for part in token.decode("latin-1").split(".") if len(part) > 8 and part in text]
    assert str(CLAIMS["sub"]) + '"' not in text
    assert caught.value.error_type in ERROR_TYPES


def test_keys_that_are_refused() -> None:
    """A secret that is too short is none to be printed either."""
    for load, alg in ((from_secret, "HS256"), (from_pem, "RS256")):
        with pytest.raises(BadKey) as caught:
            load(b"sesame", alg)
        assert "sesame" not in repr(caught.value)


def test_no_keys() -> None:
    """The issuer's name is enough."""
    waiting = Issuers([Issuer("main", TAKEN.verify(good(), NOW).issuer.rules, frozenset({"HS256"}))])
    with pytest.raises(NoKeys) as caught:
        waiting.verify(forge({**CLAIMS, "iss": ISS}), NOW)
    assert str(caught.value) == "main"


@pytest.mark.parametrize("error_type", ERROR_TYPES)
def test_refusals_again(error_type: str) -> None:
    """A refusal and its copy say the same."""
    error = BadToken(error_type, "why", "main")  # type: ignore[arg-type]  # one of them
    again = error.again()
    assert (str(again), again.issuer, again.args) == (str(error), "main", error.args)
