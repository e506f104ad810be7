"""The main file and conf.d together."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.config import ConfigErrors, load
from tests.config.sample import SERVICES, Said, loaded, problems, said, warned, write


def test_conf_d_adds(tmp_path: Path) -> None:
    """Services merge, routes and listeners append in the order of the names, other sections take single keys."""
    config = loaded(
        tmp_path,
        SERVICES + "routes: [{path: /a, service: pay}]\nlimits: {head_fields: 5}\nlisteners: [{address: 'h:1'}]\n",
        {},
        b="services: {b: {targets: ['http://b']}}\nroutes: [{path: /b, service: b}]\n",
        a="routes: [{path: /c, service: b}]\nlimits: {body_size: 1MB}\nlisteners: [{name: two, address: 'h:2'}]\n",
    )
    assert list(config.services) == ["pay", "b"]
    assert [route.path for route in config.routes] == ["/a", "/c", "/b"]
    assert [str(listener.address) for listener in config.listeners] == ["h:1", "h:2"]
    assert (config.limits.head_fields, config.limits.body_size) == (5, 1_000_000)


def test_conf_d_cannot_set_twice(tmp_path: Path) -> None:
    """A service or key that two files have is a problem that names both places."""
    main = tmp_path / "gateway.yaml"
    assert said(
        tmp_path,
        SERVICES + "gateway: {name: g}\n",
        {},
        a="services: {pay: {targets: ['http://b']}}\ngateway: {name: h, drain_timeout: 1s}\n",
    ) == [
        Said(1, 12, f"the service 'pay' is set already, in line 1 of {main}", "keep one of the two"),
        Said(2, 11, f"'gateway.name' is set already, in line 2 of {main}", "keep one of the two"),
    ]


def test_empty_sections_are_as_if_left_out(tmp_path: Path) -> None:
    """A section whose keys are all commented out is no mistake."""
    config = loaded(tmp_path, "gateway:\nlisteners:\nroutes:\nservices:\n", {}, a="")
    assert config.gateway.name == "gatewayd"
    assert len(config.listeners) == 1


def test_sections_have_shapes(tmp_path: Path) -> None:
    """Each section is a list or a mapping, in every file."""
    assert said(tmp_path, "routes: {a: b}\nservices: []\nlimits: 5\nrouts: 1\n", {}, a="routes: x\n") == [
        Said(1, 1, "'routes' must be a list", "start each of its entries with '- '"),
        Said(2, 1, "'services' must be a mapping", "write its keys below it, indented"),
        Said(3, 1, "'limits' must be a mapping", "write its keys below it, indented"),
        Said(4, 1, "unknown section 'routs'", "did you mean 'routes'?"),
        Said(1, 1, "'routes' must be a list", "start each of its entries with '- '"),
    ]


def test_one_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    """After a syntax error the other files are judged, without blaming them for what the broken one may hold."""
    found = problems(
        tmp_path,
        "routes: [{path: /a, service: elsewhere}, {path: b, service: elsewhere}]\n",
        {},
        a="services: {elsewhere: {targets: [\n",
        b="limits: {body_size: 5}\n",
    )
    assert [(Path(p.file).name, p.message) for p in found] == [
        ("gateway.yaml", 'a path starts with "/"'),
        ("a.yaml", "the file ends where a value should stand"),
        ("b.yaml", "'5' has no unit"),
    ]


def test_only_yaml_is_read(tmp_path: Path) -> None:
    """Hidden files and other endings are left alone; .yml is so close that a warning says so."""
    write(tmp_path, "", a="")
    for name in (".hidden.yaml", "README", "x.yaml.disabled", "y.yaml~"):
        (tmp_path / "conf.d" / name).write_text("]")
    (tmp_path / "conf.d" / "z.yml").write_text("]")
    assert [said.message for said in warned(tmp_path, SERVICES + "routes: [{path: /, service: pay}]")] == [
        "this file is not read: its name ends with .yml"
    ]


def test_unreadable_files(tmp_path: Path) -> None:
    """A file that is missing, a folder, or not UTF-8 is a problem like any other."""
    with pytest.raises(ConfigErrors) as caught:
        load(tmp_path / "none.yaml")
    assert str(caught.value) == (
        f"{tmp_path}/none.yaml: cannot be read: No such file or directory\n    hint: check the path\n\n1 problem\n"
    )
    (tmp_path / "conf.d" / "a.yaml").mkdir(parents=True)
    (tmp_path / "conf.d" / "b.yaml").write_bytes(b"a: 1\nb: \xff\n")
    main = write(tmp_path, "x: 1\n")
    with pytest.raises(ConfigErrors) as caught:
        load(main)
    assert [(p.line, p.column, p.message) for p in caught.value.problems] == [
        (1, 1, "unknown section 'x'"),
        (0, 0, "cannot be read: Is a directory"),
        (2, 4, "this byte is not UTF-8"),
    ]


def test_byte_order_mark(tmp_path: Path) -> None:
    """The mark that some editors put at the start of a file is passed over."""
    main = tmp_path / "gateway.yaml"
    main.write_bytes(b"\xef\xbb\xbfgateway: {name: g}\n")
    assert load(main).gateway.name == "g"
