"""Guarded header names: no spelling of one slips through, and none that is not one is taken."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.guarded import CLAIM_NAMES, IDENTITY_NAMES, GuardedNames

GUARDED = GuardedNames()
SEPARATORS = "-_.!#$%&'*+^`|~"
TOKEN = st.text(st.sampled_from("abcxXYZ019" + SEPARATORS), min_size=1, max_size=24)


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A guarded name and one of its spellings: any case, any separator, anything behind a prefix."""
    label = draw(st.sampled_from(GUARDED.labels))
    name = label.removesuffix("*")
    if label.endswith("*"):
        name += draw(TOKEN)
    written = "".join(
        draw(st.sampled_from(SEPARATORS)) if letter == "-" else letter.upper() if draw(st.booleans()) else letter
        for letter in name
    )
    return label, written


@given(spellings())
def test_every_spelling_is_found(spelling: tuple[str, str]) -> None:
    """Whatever the case and the separators, and whatever follows a prefix, the label is a configured name."""
    label, written = spelling
    found = GUARDED.match(written.encode())
    assert found in GUARDED.labels
    assert found == label or label.endswith("*"), "an exact name keeps its own label"


@given(st.one_of(TOKEN, TOKEN.map("x-".__add__), TOKEN.map("x-internal".__add__)))
def test_nothing_else_is_found(name: str) -> None:
    """A name is guarded exactly where, read as CGI reads it, it is one of the list."""
    folded = re.sub(r"[^a-z0-9]", "-", name.lower())
    expected = any(
        folded.startswith(label[:-1]) if label.endswith("*") else folded == label for label in GUARDED.labels
    )
    assert (GUARDED.match(name.encode()) is not None) == expected


@given(st.lists(st.one_of(spellings().map(lambda pair: pair[1]), TOKEN), max_size=12))
def test_no_sequence_leaves_a_guarded_name(names: list[str]) -> None:
    """What is left of any sequence of names is unknown to a service that folds `_` and case, as CGI does."""
    left = [name for name in names if GUARDED.match(name.encode()) is None]
    as_cgi = [name.upper().replace("-", "_") for name in left]
    exact = {label.upper().replace("-", "_") for label in GUARDED.labels if not label.endswith("*")}
    prefixes = tuple(label[:-1].upper().replace("-", "_") for label in GUARDED.labels if label.endswith("*"))
    assert not [name for name in as_cgi if name in exact or name.startswith(prefixes)]


@pytest.mark.parametrize(
    ("name", "label", "forges"),
    [
        (b"X-Tenant-Id", "x-tenant-id", True),
        (b"X_TENANT_ID", "x-tenant-id", True),
        (b"x-tenant_id", "x-tenant-id", True),
        (b"X.Tenant.Id", "x-tenant-id", True),
        (b"X-Internal-", "x-internal-*", True),
        (b"X_Internal_Anything", "x-internal-*", True),
        (b"X-Gateway-Internal", "x-gateway-internal", True),
        (b"X-Gateway-Proof", "x-gateway-*", True),
        (b"X-Gateway-Forwarded", "x-gateway-forwarded", False),
        (b"X-Admin-Token", "x-admin-token", True),
        (b"x-privileged", "x-privileged", True),
        (b"X-Venue-ID", "x-venue-id", True),
        (b"X-User-Id", "x-user-id", True),
        (b"X-Real-IP", "x-real-ip", False),
        (b"X-Forwarded-For", "x-forwarded-*", False),
        (b"X_Forwarded_User", "x-forwarded-*", False),
        (b"Forwarded", "forwarded", False),
        (b"X-HTTP-Method-Override", "x-http-method-override", False),
    ],
)
def test_defaults(name: bytes, label: str, forges: bool) -> None:
    """What is guarded from the start, under which label, and what counts as forging an identity."""
    assert GUARDED.match(name) == label
    assert GUARDED.forges(label) is forges


@pytest.mark.parametrize(
    "name", [b"x-tenant", b"x-tenant-idx", b"x-internal", b"authorization", b"x-user-agent", b"xtenantid", b"", b"x-"]
)
def test_not_guarded(name: bytes) -> None:
    """Names that only begin or end alike are let through."""
    assert GUARDED.match(name) is None


def test_extended() -> None:
    """Configured names keep the spelling of the configuration, in lower case, as their label."""
    guarded = GuardedNames((*CLAIM_NAMES, "X_Team"), (*IDENTITY_NAMES, "X-Staff-*", "X-Staff-Lead-*"))
    assert guarded.match(b"x-team") == "x_team"
    assert not guarded.forges("x_team")
    assert guarded.match(b"X_STAFF_ID") == "x-staff-*"
    assert guarded.match(b"X_STAFF_LEAD_ID") == "x-staff-lead-*"
    assert guarded.forges("x-staff-*")
    assert set(GUARDED.labels) < set(guarded.labels)


def test_labels_are_sorted_and_single() -> None:
    """Every label stands there once, whichever list has it."""
    assert GuardedNames(("x-b", "X-A"), ("x-a",)).labels == ("x-a", "x-b")
    assert GuardedNames(("x-b", "X-A"), ("x-a",)).forges("x-a")
    assert GuardedNames((), ()).match(b"x-tenant-id") is None


@pytest.mark.parametrize("name", ["", "*", "x-*-id", "x y", "x:", "é", "x-tenant-id\r\n", "a" * 128])
def test_no_names(name: str) -> None:
    """What is no header name is refused when the list is made, and "*" alone would guard everything."""
    with pytest.raises(ValueError, match="not a header name"):
        GuardedNames([name])
