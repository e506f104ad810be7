"""The table of reasons: what every row has to keep to."""

from __future__ import annotations

import re

import pytest

from gatewayd.core import reasons
from gatewayd.core.reasons import REASONS, Reason, Refused

ids = [reason.slug for reason in REASONS]


def test_complete() -> None:
    """Every reason of the module is in the table, once."""
    defined = [value for value in vars(reasons).values() if isinstance(value, Reason)]
    assert list(REASONS) == defined
    assert len(set(REASONS)) == len(REASONS)


def test_slugs() -> None:
    """A slug names one reason, and can stand in a field, a URN and a metric label as it is."""
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in ids)


@pytest.mark.parametrize("reason", REASONS, ids=ids)
def test_rows(reason: Reason) -> None:
    """A reason has an error's status and a title; the service is blamed with 5xx only, a violation is the client's.

    Where a message cannot be trusted to end where it seems to, nothing that follows it is read. What a client is told
    instead of the truth is a row of the table too, with the same status.
    """
    assert 400 <= reason.status <= 599
    assert reason.title[0].isupper()
    assert not reason.title.endswith(".")
    if reason.blames_upstream:
        assert reason.status in (502, 503, 504)
        assert not reason.closes
    if reason.violation is not None:
        assert 400 <= reason.status < 500
        assert reason.closes or reason.violation not in ("smuggling", "oversize", "path_traversal")
    if reason.shown is not None:
        assert reason.shown in REASONS
        assert (reason.shown.status, reason.shown.shown) == (reason.status, None)
    if reason.status == 400:
        assert reason.closes, "where the next message begins is not known"
        assert not reason.retryable


def test_refused() -> None:
    """A refusal carries its reason, and says its slug and nothing of the request where it is shown."""
    refused = Refused(reasons.BODY_TOO_LARGE, "detail", b"Allow: GET\r\n")
    assert refused.reason is reasons.BODY_TOO_LARGE
    assert (refused.detail, refused.headers) == ("detail", b"Allow: GET\r\n")
    assert str(refused) == "body-too-large"
    assert Refused(reasons.NO_ROUTE).headers == b""
