"""Secrets in files of their own, for sections that have some."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, SecretStr

from gatewayd.config.checks.validate import validate
from gatewayd.config.models.section import Section
from gatewayd.config.problems import Problem
from gatewayd.config.source.environment import fill
from gatewayd.config.source.reader import read


class Login(Section):
    """A section with a secret."""

    user: str = Field(default="me", description="Who.")
    password: SecretStr = Field(description="The password.")


class Store(Section):
    """A section with secrets within."""

    login: Login | None = Field(default=None, description="One.")
    logins: tuple[Login, ...] = Field(default=(), description="Several.")
    by_name: Mapping[str, Login] = Field(default={}, description="By name.")


def store(folder: Path, text: str) -> tuple[Store | None, list[Problem]]:
    """The section that `text` makes, in a file in `folder`, and what is wrong with it."""
    node, found = read(str(folder / "gateway.yaml"), text)
    assert node is not None
    return validate(fill(node, {"PW": "from-environment"}, found), Store, "store", found, node.mark), found


def test_secret_from_file(tmp_path: Path) -> None:
    """`K_file` gives K the file's text without one line break at its end, wherever the section stands."""
    (tmp_path / "pw").write_text(" s3cret \n\n")
    (tmp_path / "crlf").write_bytes(b"other\r\n")
    section, found = store(
        tmp_path,
        "login: {password_file: pw}\n"
        f"logins: [{{password_file: {tmp_path}/crlf}}, {{password: plain}}]\n"
        "by_name: {a: {password_file: crlf}, password_file: {password: '${PW}'}}\n",
    )
    assert found == []
    assert section is not None
    assert section.login is not None
    assert section.login.password.get_secret_value() == " s3cret \n"
    assert [login.password.get_secret_value() for login in section.logins] == ["other", "plain"]
    assert section.by_name["a"].password.get_secret_value() == "other"
    assert section.by_name["password_file"].password.get_secret_value() == "from-environment"
    assert "s3cret" not in repr(section)
    assert "plain" not in repr(section)


def test_secret_problems(tmp_path: Path) -> None:
    """Both forms at once, and files that cannot be a secret, are problems; none repeats a secret."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "large").write_text("x" * 70_000)
    _, found = store(
        tmp_path,
        "logins:\n"
        "  - {password: hush, password_file: empty}\n"
        "  - {password_file: empty}\n"
        "  - {password_file: large}\n"
        "  - {password_file: none}\n"
        "  - {password_file: 5}\n"
        "  - {password: 12345}\n"
        "  - {passwort: hush}\n"
        "  - {password_file: '${NOPE}'}\n"
        "  - {}\n",
    )
    assert found.pop(0).message == "the environment has no NOPE"
    assert [(p.line, p.column, p.message, p.hint) for p in found] == [
        (2, 22, "'password' and 'password_file' exclude each other", "keep the one with the file"),
        (3, 21, "the file of 'password' is empty", "put the secret and nothing else into it"),
        (4, 21, "the file of 'password' holds more than 65536 characters", "put the secret and nothing else into it"),
        (5, 21, f"{tmp_path}/none: cannot be read: No such file or directory", "check the path"),
        (6, 21, "'password_file' must be the path of a file", "write one, in quotes if it is a number"),
        (7, 16, "'password' must be text", "put quotes around it"),
        (8, 5, "'password' is missing", "password: The password."),
        (8, 6, "unknown key 'passwort'", "did you mean 'password'?"),
        (10, 5, "'password' is missing", "password: The password."),
    ]
    assert "12345" not in "".join(map(str, found))
    assert "password: ****," in str(found[0])


def test_schema_has_both_forms() -> None:
    """Editors learn of the `_file` form, and that either is enough."""
    schema = Login.model_json_schema()
    assert set(schema["properties"]) == {"user", "password", "password_file"}
    assert schema["required"] == []
