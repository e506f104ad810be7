"""Files of targets: what they may hold, and what is said of one that holds something else."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.membership import Found
from gatewayd.upstream.discovery.listing import Unusable, parse

A, B = Found("10.0.0.5", 9005), Found("fd00::6", 80, weight=2, priority=1)
UNIX = Found(path="/run/app.sock")

YAML = b"""\
# written by the deployment
- http://10.0.0.5:9005
- {url: "http://[fd00::6]", weight: 2, priority: 1}
- url: unix:/run/app.sock
"""
JSON = json.dumps(
    ["http://10.0.0.5:9005", {"url": "http://[fd00::6]:80", "weight": 2, "priority": 1}, "unix:/run/app.sock"],
    indent="\t",
).replace("/", "\\/")


@pytest.mark.parametrize(
    "content",
    [
        YAML,
        JSON.encode(),
        b'{"targets": ' + JSON.encode() + b"}",
        b"\xef\xbb\xbftargets:\n" + YAML,
        YAML.replace(b"\n", b"\r\n"),
    ],
)
def test_targets(content: bytes) -> None:
    """YAML and JSON, a list or a mapping with a list."""
    assert parse(content) == (A, B, UNIX)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "there is no list of targets"),
        (b"# nothing\n", "there is no list of targets"),
        (b"http://10.0.0.5:9005", "line 1: there is no list of targets"),
        (b"[]", "line 1: the list of targets is empty"),
        (b"targets: []", "line 1: the list of targets is empty"),
        (b"targets:\n", "line 1: there is no list of targets"),
        (b"\n{}", "line 2: a mapping has the key 'targets' here, once, and no other"),
        (b"target: []", "line 1: a mapping has the key 'targets' here, once, and no other"),
        (b"targets: []\nmore: 1", "line 1: a mapping has the key 'targets' here, once, and no other"),
        (b"targets: [http://a]\ntargets: []", "line 1: a mapping has the key 'targets' here, once, and no other"),
        (b"- http://a\n- http://a:80\n", "line 2: http://a:80 is listed twice"),
        (
            b"- http://a\n- ftp://b\n",
            "line 2: 'ftp://b' has an unknown scheme (write http://host:port, https://host:port or unix:/path)",
        ),
        (b"- http://a\n- 5\n", "line 2: must be a target (write it as http://host:port or unix:/path)"),
        (b"- [http://a]\n", "line 1: must be a target (write it as http://host:port or unix:/path)"),
        (b"- &a [*a]\n", "line 1: must be a target (write it as http://host:port or unix:/path)"),
        (b"- url: http://a\n  url: http://b\n", "line 2: a key is here twice, or is none"),
        (b"- {[url]: http://a}\n", "line 1: a key is here twice, or is none"),
        (
            b"- url: http://a\n  weight: [1]\n",
            "line 2: this cannot be a weight (write a whole number from 1 to 1000)",
        ),
        (
            b"- url: http://a\n  weight: 2000\n",
            "line 2: '2000' cannot be a weight (write a whole number from 1 to 1000)",
        ),
        (b"- http://a\n- \xff\n", "line 2: a byte is not UTF-8"),
        (b"- http://a\n- *b\n", "line 2: found undefined alias"),
        (b"- http://a\n--- \n- http://b\n", "line 2: but found another document"),
        (b"- http://a\n- \x00\n", "a character cannot stand in YAML"),
    ],
)
def test_unusable(content: bytes, why: str) -> None:
    """The line, the cause and a next step."""
    with pytest.raises(Unusable) as caught:
        parse(content)
    assert str(caught.value) == why


@given(st.binary(max_size=60) | st.text(alphabet="[]{}:,-&*!\"' \nahttp/1", max_size=60).map(str.encode))
def test_nothing_else_is_raised(content: bytes) -> None:
    """Whatever a file holds: targets, or one kind of error."""
    with suppress(Unusable):
        assert parse(content)


@pytest.mark.parametrize(
    "content",
    [
        b'- "' + b"x" * 100_000 + b'"',
        b'- {url: "http://10.0.0.1:80", weight: "' + b"x" * 100_000 + b'"}',
        b"- {url: 'http://10.0.0.1:80', " + b"x" * 1000 + b": 1}",
    ],
)
def test_complaints_are_short(content: bytes) -> None:
    """What a complaint quotes is no longer than a line of the log may be."""
    with pytest.raises(Unusable) as caught:
        parse(content)
    assert caught.value.line == 1
    assert len(str(caught.value)) < 400
    assert str(caught.value).endswith("...")
