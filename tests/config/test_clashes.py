"""Sockets that cannot be open at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.sample import Said, loaded, said


def listeners(*addresses: str) -> str:
    """A section with a listener for each address, from line 2 on, the address in column 26."""
    lines = (f"  - {{name: l{index}, address: '{address}'}}\n" for index, address in enumerate(addresses))
    return "listeners:\n" + "".join(lines)


@pytest.mark.parametrize(
    "pair",
    [
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("0.0.0.0:80", "127.0.0.1:80"),
        ("10.0.0.1:80", "0.0.0.0:80"),
        ("localhost:80", "127.0.0.1:80"),
        ("[::]:80", "[::1]:80"),
        ("unix:/a", "unix:/a"),
    ],
)
def test_same_address_twice(tmp_path: Path, pair: tuple[str, str]) -> None:
    """One port of one host, or of every host, cannot be opened twice."""
    assert said(tmp_path, listeners(*pair)) == [
        Said(3, 25, "this address is also that of the listener 'l0', in line 2", "choose another port")
    ]


@pytest.mark.parametrize(
    "pair",
    [
        ("127.0.0.1:80", "127.0.0.1:81"),
        ("127.0.0.1:80", "127.0.0.2:80"),
        ("127.0.0.1:0", "127.0.0.1:0"),
        ("0.0.0.0:80", "[::]:80"),
        ("unix:/a", "unix:/b"),
        ("unix:/a", "127.0.0.1:80"),
    ],
)
def test_different_addresses(tmp_path: Path, pair: tuple[str, str]) -> None:
    """Other ports, other hosts, other families and free ports go together."""
    assert len(loaded(tmp_path, listeners(*pair)).listeners) == 2


def test_metrics_port(tmp_path: Path) -> None:
    """The metrics port is a socket too, where it is written, by default, and not if switched off."""
    message = "this address is also that of the listener 'l0', in line 2"
    text = listeners("0.0.0.0:9464")
    assert said(tmp_path, text + "metrics: {address: '127.0.0.1:9464'}\n") == [
        Said(3, 20, message, "choose another port")
    ]
    assert said(tmp_path, text) == [
        Said(2, 25, "this address is also that of the metrics port, by default", "choose another port")
    ]
    assert said(tmp_path, "metrics: {address: '127.0.0.1:8080'}\n") == [
        Said(1, 20, "this address is also that of the listener 'http', by default", "choose another port")
    ]
    assert not loaded(tmp_path, text + "metrics: {enabled: false}\n").metrics.enabled


def test_listener_names(tmp_path: Path) -> None:
    """Two listeners need names, and not the same."""
    text = "listeners: [{address: 'h:1'}, {address: 'h:2'}, {name: b, address: 'h:3'}, {name: b, address: 'h:4'}]\n"
    hint = "give each listener a name of its own"
    assert said(tmp_path, text) == [
        Said(1, 31, "the name 'http' is taken by the listener in line 1", hint),
        Said(1, 83, "the name 'b' is taken by the listener in line 1", hint),
    ]
