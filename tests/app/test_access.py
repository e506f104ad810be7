"""What judges requests, kept up to date: files that are replaced, keys that do not come, an orderly end."""

from __future__ import annotations

import gc
import json
import os
from pathlib import Path

import pytest

from tests.pipeline.callers import KEY, KEY_HASH, KEY_ID, PEPPER, Gate, bearer, configured, token
from tests.pipeline.test_authentication import JWKS, published, signed
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import failures_logged
from tests.upstream.logs import logged

ALL = "path: '/**', service: main"
KEY_LINE = b"X-API-Key: %b\r\n" % KEY
ENTRY = {"id": KEY_ID, "hash": KEY_HASH, "tenant": "acme", "user": "robot"}


def write(path: Path, content: object) -> None:
    """Replace a file, as one should."""
    other = path.with_suffix(".new")
    other.write_text(content if isinstance(content, str) else json.dumps(content))
    os.replace(other, path)


def started(gate: Gate) -> Gate:
    """After everything was tried once."""
    done: list[object] = []
    gate.start().addCallback(done.append)
    assert len(done) == 1
    return gate


def look(gate: Gate) -> None:
    """The files are looked at."""
    gate.pass_time(2.25)


def test_a_file_of_keys(tmp_path: Path) -> None:
    """A key that comes into the file lets in, one that is taken out does not; what is broken changes nothing."""
    path = tmp_path / "keys.yaml"
    write(path, [])
    gate = Gate(tmp_path, configured(ALL, f"api_keys: {{pepper: '{PEPPER}', file: {path}}}"))
    started(gate)
    assert gate.call(KEY_LINE) == "invalid-api-key"
    write(path, [ENTRY])
    look(gate)
    assert gate.call(KEY_LINE) == "served"
    write(path, "[{id: ")
    look(gate)
    assert gate.call(KEY_LINE) == "served"
    os.remove(path)
    look(gate)
    assert gate.call(KEY_LINE) == "served"
    write(path, [{**ENTRY, "user": "other"}])
    look(gate)
    assert gate.call(KEY_LINE) == "served"
    assert fields(gate.sent, b"X-User-Id") == [b"other"]
    write(path, "[]")
    look(gate)
    assert gate.call(KEY_LINE) == "invalid-api-key"
    gate.keeper.stop()


def test_keys_of_the_configuration_win(tmp_path: Path) -> None:
    """A file cannot give one of them to somebody else, nor take it away."""
    path = tmp_path / "keys.yaml"
    write(path, [{**ENTRY, "user": "thief"}])
    own = f"{{id: {KEY_ID}, hash: {KEY_HASH}, tenant: acme, user: robot}}"
    gate = Gate(tmp_path, configured(ALL, f"api_keys: {{pepper: '{PEPPER}', file: {path}, keys: [{own}]}}"))
    started(gate)
    for content in ([{**ENTRY, "user": "thief"}], []):
        write(path, content)
        look(gate)
        assert gate.call(KEY_LINE) == "served"
        assert fields(gate.sent, b"X-User-Id") == [b"robot"]
    gate.keeper.stop()


def tenants(folder: Path, table: str = "") -> tuple[Gate, Path]:
    """A gateway with a file of tenants beside those of its configuration."""
    path = folder / "tenants.yaml"
    write(path, {})
    return started(Gate(folder, configured(ALL, more=f"tenants: {{file: {path}{table}}}"))), path


def test_a_file_of_tenants(tmp_path: Path) -> None:
    """Tenants come, are suspended, and go, also for tokens that are remembered."""
    gate, path = tenants(tmp_path)
    assert gate.call(bearer()) == "tenant-unknown"
    for content, said in (
        ({"acme": {}}, "served"),
        ({"acme": {"status": "suspended"}}, "tenant-suspended"),
        ({"acme": {"allow": ["198.51.100.0/24"]}}, "address-denied"),
        ({"acme": {"routes": []}}, "tenant-route"),
        ("{acme: ", "tenant-route"),
        ({"acme": {}}, "served"),
        ({}, "tenant-unknown"),
    ):
        write(path, content)
        look(gate)
        assert gate.call(bearer()) == said, content
    gate.keeper.stop()


def test_tenants_of_the_configuration_win(tmp_path: Path) -> None:
    """A file cannot let a tenant in that the configuration has suspended."""
    gate, path = tenants(tmp_path, ", table: {acme: {status: suspended}}")
    write(path, {"acme": {}, "rival": {}})
    look(gate)
    assert gate.call(bearer()) == "tenant-suspended"
    assert gate.call(bearer(token(tenant_id="rival"))) == "served"
    gate.keeper.stop()


@pytest.mark.parametrize("host", ["acme.example", "ACME.example"])
def test_a_host_of_two_tenants(tmp_path: Path, host: str, log: list[str]) -> None:
    """A file that gives away a host of the configuration's is refused whole: the last stays, and the log says why."""
    gate, path = tenants(tmp_path, ", table: {acme: {hosts: [acme.example]}}")
    write(path, {"rival": {}})
    look(gate)
    assert gate.call(bearer(token(tenant_id="rival"))) == "served"
    with failures_logged() as failures:
        write(path, {"rival": {"hosts": [host]}, "other": {}})
        look(gate)
    assert failures == []
    assert log[-1].startswith(f"warn: the tenants in {path} are not taken: ")
    assert 'belongs to both "rival" and "acme" (give it to one of them); the last one stays' in log[-1]
    assert gate.call(bearer(token(tenant_id="rival"))) == "served"
    assert gate.call(bearer(token(tenant_id="other"))) == "tenant-unknown"
    write(path, {"rival": {}, "other": {}})
    look(gate)
    assert gate.call(bearer(token(tenant_id="other"))) == "served"
    gate.keeper.stop()


def test_keys_that_do_not_come(tmp_path: Path) -> None:
    """A start waits for five seconds; then it goes on, and the keys may still come. Nothing is logged as an error."""
    gate = Gate(tmp_path, JWKS.replace("url:", "timeout: 10s, url:"))
    done: list[object] = []
    with failures_logged() as failures:
        gate.start().addCallback(done.append)
        gate.pass_time(4.75)
        assert done == []
        gate.pass_time(0.5)
        assert len(done) == 1
        assert gate.call(signed()) == ""
        gate.answer(published("k1"))
        assert gate.call(signed()) == "served"
        gc.collect()
    assert failures == []
    gate.keeper.stop()


def test_a_file_that_is_read_slowly(tmp_path: Path) -> None:
    """The same: what is read later is taken later."""
    path = tmp_path / "tenants.yaml"
    write(path, {"acme": {}})
    gate = Gate(tmp_path, configured(ALL, more=f"tenants: {{file: {path}}}"))
    gate.clock.threads.at_once = False
    done: list[object] = []
    with failures_logged() as failures:
        gate.start().addCallback(done.append)
        gate.pass_time(5.25)
        assert len(done) == 1
        assert gate.call(bearer()) == "tenant-unknown"
        gate.clock.threads.work()
        assert gate.call(bearer()) == "served"
        gc.collect()
    assert failures == []
    gate.keeper.stop()


def test_nothing_to_wait_for(tmp_path: Path) -> None:
    """A gateway that knows everything starts at once."""
    started(Gate(tmp_path, configured(ALL))).keeper.stop()


def test_stopped(tmp_path: Path) -> None:
    """No timer is left, and nothing is fetched or read any more."""
    path = tmp_path / "keys.yaml"
    write(path, [])
    text = JWKS.replace("authentication:\n", f"authentication:\n  api_keys: {{pepper: '{PEPPER}', file: {path}}}\n")
    gate = Gate(tmp_path, f"tenants: {{file: {tmp_path}/none.yaml, unknown: allow}}\n{text}")
    gate.start()
    gate.answer(published("k1"))
    gate.pass_time(5)
    gate.deadlines.stop()
    gate.keeper.stop()
    gate.clock.advance(0)
    assert gate.clock.getDelayedCalls() == []
    assert gate.calls == 0


def test_limits_that_nobody_has_heard_of(tmp_path: Path) -> None:
    """Files that name them are taken; the log says so."""
    keys, tenants = tmp_path / "keys.yaml", tmp_path / "tenants.yaml"
    write(keys, [{**ENTRY, "limits": {"each": "5/1m", "eahc": "1/1m"}}])
    write(tenants, {"acme": {"limits": {"few": "5/1m"}}})
    limits = (
        f"tenants: {{file: {tenants}}}\nrate_limits: {{each: {{limit: 9/1m, key: [user]}}, few: {{concurrent: 1}}}}"
    )
    with logged() as log:
        gate = started(Gate(tmp_path, configured(ALL, f"api_keys: {{pepper: '{PEPPER}', file: {keys}}}", limits)))
        told = [line for line in log.told() if line.startswith("warn")]
    assert told == [
        f"warn: API keys in {keys}: line 1: there is no limit 'eahc' (did you mean 'each'?)",
        f"warn: tenants in {tenants}: line 1: the limit 'few' has no 'limit' (add one to it, or remove this)",
    ]
    assert gate.call(KEY_LINE) == "served"
    gate.keeper.stop()
