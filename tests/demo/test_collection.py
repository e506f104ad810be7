"""Lists, items and actions: the ordinary half of a service."""

from __future__ import annotations

import json

import pytest

from tests.demo.pipe import Pipe


def test_a_list_is_paged() -> None:
    """`offset` and `limit` choose; nonsense and greed fall back to something reasonable."""
    pipe = Pipe()
    page = pipe.ask("GET", "/api/v1/tickets?offset=3&limit=2").json
    assert [item["id"] for item in page["items"]] == [4, 5]
    assert (page["offset"], page["limit"], page["total"]) == (3, 2, 1000)
    assert len(pipe.ask("GET", "/api/v1/tickets?limit=x&offset=-1").json["items"]) == 20
    assert len(pipe.ask("GET", "/api/v1/tickets/?limit=5000").json["items"]) == 100
    assert pipe.ask("GET", "/api/v1/tickets?offset=999").json["items"][0]["id"] == 1000


def test_both_paths_of_a_service_serve_the_same() -> None:
    """/ticket/42 is /tickets/42."""
    pipe = Pipe()
    reply = pipe.ask("GET", "/api/v1/ticket/42")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.json["id"] == 42
    assert pipe.ask("GET", "/api/v1/tickets/42").body == reply.body


@pytest.mark.parametrize("item", ["1001", "0", "042", "4294967296000", "abc", "%00"])
def test_an_id_nobody_has_is_404(item: str) -> None:
    """Unknown, malformed and oversized ids all get a JSON answer that says which ids exist."""
    reply = Pipe().ask("GET", f"/api/v1/tickets/{item}")
    assert (reply.status, reply.json["error"]) == (404, "not-found")
    assert "1 to 1000" in reply.json["message"]


@pytest.mark.parametrize("path", ["/", "/api/v2/tickets", "/api/v1/tickets/42/nothing", "/api/v1/payments/1"])
def test_other_paths_are_404(path: str) -> None:
    """A service answers only what is its own."""
    assert Pipe().ask("GET", path).status == 404


def test_a_post_creates_a_record_that_can_be_fetched() -> None:
    """201, Location, the fields that were given, the others made up."""
    pipe = Pipe()
    reply = pipe.ask("POST", "/api/v1/tickets", b'{"event_id": 3, "seat": 9}')
    assert reply.status == 201
    assert (reply.json["id"], reply.json["event_id"], reply.json["seat"]) == (1001, 3, 9)
    assert reply.headers["location"] == "/api/v1/tickets/1001"
    assert pipe.ask("GET", reply.headers["location"]).body == reply.body


def test_a_form_is_not_taken_apart() -> None:
    """The content type of a form, which curl sends by default, changes nothing."""
    fields = {"content_type": "application/x-www-form-urlencoded"}
    assert Pipe().ask("POST", "/api/v1/tickets", b'{"event_id": 3}', **fields).status == 201


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "The body is not JSON"),
        (b"\xff", "The body is not JSON"),
        (b"[]", "must be a JSON object"),
        (b"{}", "Missing: event_id"),
        (b'{"event_id": "3"}', "event_id must be an integer"),
        (b'{"event_id": true}', "event_id must be an integer"),
        (b'{"event_id": 3, "price": 12}', "price must be an object"),
        (b'{"event_id": 3, "id": 4}', "no field 'id'"),
        (b'{"event_id": 3, "colour": "red"}', "no field 'colour'"),
        (b'{"event_id": 3, "holder": "' + b"x" * 65536 + b'"}', "at most 65536 bytes"),
    ],
)
def test_a_bad_record_is_refused_with_the_reason(body: bytes, message: str) -> None:
    """422 and one sentence; nothing is created."""
    pipe = Pipe()
    reply = pipe.ask("POST", "/api/v1/tickets", body)
    assert reply.status == 422
    assert message in reply.json["message"]
    assert pipe.ask("GET", "/api/v1/tickets/1001").status == 404


def test_posted_records_do_not_pile_up() -> None:
    """Only the last 256 are remembered."""
    pipe = Pipe()
    for _ in range(257):
        pipe.ask("POST", "/api/v1/tickets", b'{"event_id": 3}')
    assert pipe.ask("GET", "/api/v1/tickets/1001").status == 404
    assert pipe.ask("GET", "/api/v1/tickets/1002").status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_change_is_checked_and_shown(method: str) -> None:
    """The record as it would be; the kept one stays."""
    pipe = Pipe()
    assert pipe.ask(method, "/api/v1/tickets/42", b'{"seat": 9}').json["seat"] == 9
    assert pipe.ask(method, "/api/v1/tickets/42", b'{"seat": "9"}').status == 422
    assert pipe.ask("GET", "/api/v1/tickets/42").json["seat"] == 12


def test_a_delete_answers_204_without_a_length() -> None:
    """RFC 9110 section 8.6 forbids Content-Length there."""
    pipe = Pipe()
    reply = pipe.ask("DELETE", "/api/v1/tickets/42")
    assert (reply.status, reply.body) == (204, b"")
    assert not {"content-length", "transfer-encoding"} & set(reply.headers)
    assert pipe.ask("GET", "/api/v1/tickets/42").status == 200


def test_a_known_record_is_304() -> None:
    """The entity tag of an item is honoured."""
    pipe = Pipe()
    tag = pipe.ask("GET", "/api/v1/tickets/42").headers["etag"]
    reply = pipe.ask("GET", "/api/v1/tickets/42", if_none_match=tag)
    assert (reply.status, reply.body) == (304, b"")
    assert "content-length" not in reply.headers
    assert pipe.ask("GET", "/api/v1/tickets/43", if_none_match=tag).status == 200


def test_head_tells_the_length_of_what_get_sends() -> None:
    """And sends no body."""
    pipe = Pipe()
    got = pipe.ask("GET", "/api/v1/tickets/42")
    told = pipe.ask("HEAD", "/api/v1/tickets/42")
    assert (told.status, told.body) == (200, b"")
    assert told.headers["content-length"] == str(len(got.body))


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/v1/tickets", "GET, HEAD, POST"),
        ("POST", "/api/v1/tickets/42", "DELETE, GET, HEAD, PATCH, PUT"),
        ("HEAD", "/api/v1/tickets/purchase", "POST"),
    ],
)
def test_other_methods_are_405(method: str, path: str, allow: str) -> None:
    """With what is allowed."""
    reply = Pipe().ask(method, path)
    assert (reply.status, reply.headers["allow"]) == (405, allow)


def test_an_action_is_accepted() -> None:
    """With a record or without one."""
    pipe = Pipe()
    bought = pipe.ask("POST", "/api/v1/tickets/42/purchase")
    assert bought.status == 202
    assert (bought.json["action"], bought.json["ticket"]["id"]) == ("purchase", 42)
    assert pipe.ask("POST", "/api/v1/tickets/purchase").json == {
        "service": "ticket",
        "action": "purchase",
        "accepted": True,
    }


def test_webhooks_belong_to_the_payment_service() -> None:
    """Any path below /webhooks takes a POST and says what came."""
    reply = Pipe("payment").ask("POST", "/api/v1/webhooks/stripe/v2", json.dumps({"type": "charge"}).encode())
    assert reply.status == 202
    assert (reply.json["received"], reply.json["length"]) == ("/api/v1/webhooks/stripe/v2", 18)
    assert Pipe().ask("POST", "/api/v1/webhooks/stripe").status == 404
