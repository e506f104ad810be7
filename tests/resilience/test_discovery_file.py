"""Targets from a watched file: its changes are taken up, and while it is broken or gone, the last ones stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import GatewayProcess, RecordingUpstream

from .world import ask, load, service, targets, verdict, world


class Listing:
    """The file; each content replaces the one before as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, text: str) -> None:
        """The content from now on."""
        draft = self.path.with_suffix(".new")
        draft.write_text(text)
        draft.replace(self.path)


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    """The file of a test."""
    return Listing(tmp_path / "targets.yaml")


@pytest.fixture
def gateway(listing: Listing, upstream: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway that looks at the file ten times a second, and has seen `upstream` in it."""
    listing.write(f"- {upstream.url}\n")
    services = {"main": service(discovery={"file": {"path": str(listing.path), "interval": "100ms"}})}
    with GatewayProcess(world(services)) as process:
        yield process


def test_changes(
    listing: Listing, gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream
) -> None:
    """A target comes, weights change, a target goes, the file breaks, is gone, and is well again: no request fails."""
    changed = f"targets of the file {listing.path}: "
    broken = f"no targets of the file {listing.path}: "
    with load(gateway, b"/main/load") as statuses:
        upstream.wait_request(b"/main/load", 10)
        assert other.requests() == []

        listing.write(json.dumps({"targets": [{"url": upstream.url}, {"url": other.url, "weight": 3}]}))
        gateway.wait_log(f"{changed}added {other.url}$")
        other.wait_request(b"/main/load", 10)
        assert targets(gateway, "main") == (2, 0, 0)

        listing.write(f"targets:\n- {other.url}\n")
        gateway.wait_log(f"{changed}removed {upstream.url}; weighed or ranked anew {other.url}$")
        gateway.wait_metric("downstream_targets", 0, service="main", state="draining")
        seen, going_on = len(upstream.requests()), len(other.requests())

        listing.write("- [nobody\n")
        gateway.wait_log(f"{broken}line 2: .*; its last target stays$")
        listing.write("[]\n")
        gateway.wait_log(f"{broken}line 1: the list of targets is empty; its last target stays$")
        listing.path.unlink()
        gateway.wait_log(f"{broken}it cannot be read: no such file or directory; its last target stays$")
        other.wait_request(b"/main/load", going_on + 10)
        assert len(upstream.requests()) == seen
        assert targets(gateway, "main") == (1, 0, 0)

        listing.write(f"- {upstream.url}\n")
        gateway.wait_log(f"the file {listing.path} tells its targets again$")
        gateway.wait_log(f"{changed}added {upstream.url}; removed {other.url}$")
        upstream.wait_for(lambda: len(upstream.requests()) > seen + 10)
    assert set(statuses) == {200}
    assert gateway.metric("downstream_errors_total", service="main") == 0


def test_missing_at_the_start(listing: Listing, upstream: RecordingUpstream) -> None:
    """A gateway whose file is not there yet starts, refuses, and serves as soon as the file comes."""
    services = {"main": service(discovery={"file": {"path": str(listing.path), "interval": "100ms"}})}
    with GatewayProcess(world(services)) as gateway:
        gateway.wait_log("no targets of the file .*; there is none to go on with$")
        assert verdict(ask(gateway, b"/main/x")) == (503, b"no-target")
        listing.write(f"- {upstream.url}\n")
        gateway.wait_log("targets of the file .*: added ")
        assert verdict(ask(gateway, b"/main/x")) == (200, None)
