"""What is wrong, or doubtful, about certificates and who speaks TLS: each at its place, with a next step."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatewayd.config import load_with_warnings
from gatewayd.config.models.tls import HttpsRedirect
from tests.config.sample import loaded, problems, said, write
from tests.config.test_shipped import manual
from tests.harness.certificates import Authority

SERVICES = {"pay": {"targets": ["http://127.0.0.1:9005"]}}
ROUTES = [{"path": "/**", "service": "pay", "auth": "public"}]


def text(tls: dict[str, Any] | None = None, **sections: Any) -> str:
    """A configuration with one listener, by TLS if that is given."""
    listener: dict[str, Any] = {"address": "127.0.0.1:8443"}
    if tls is not None:
        listener["tls"] = tls
    whole = {"listeners": [listener], "services": SERVICES, "routes": ROUTES, **sections}
    return yaml.safe_dump(whole, default_flow_style=False)


def warnings(folder: Path, content: str) -> list[tuple[str, str]]:
    """What is doubtful."""
    found = load_with_warnings(write(folder, content), {})[1]
    return [(warning.message, warning.hint) for warning in found]


def test_defaults(tmp_path: Path) -> None:
    """A certificate and its key are all that is needed."""
    issued = Authority(tmp_path).issue("gw.test", file="api")
    tls = loaded(tmp_path, text({"certificates": [issued.section]})).listeners[0].tls
    assert tls is not None
    assert tls.certificates[0].label == "api"
    assert (tls.min_version, tls.client_auth, tls.strict_sni) == ("1.2", "none", False)
    assert warnings(tmp_path, text({"certificates": [issued.section]})) == []


@pytest.mark.parametrize(("written", "version"), [("1.3", "1.3"), (1.3, "1.3"), (1.2, "1.2")])
def test_versions(tmp_path: Path, written: object, version: str) -> None:
    """A version may be written as YAML takes it, for a number."""
    issued = Authority(tmp_path).issue("gw.test")
    config = loaded(tmp_path, text({"certificates": [issued.section], "min_version": written}))
    assert config.listeners[0].tls is not None
    assert config.listeners[0].tls.min_version == version


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"min_version": "1.1"}, "'min_version' cannot be '1.1'"),
        ({"ciphers": "nonsense"}, "OpenSSL knows no cipher in 'nonsense'"),
        ({"certificates": []}, "'certificates' is empty"),
        ({"client_auth": "required"}, "nothing says whose certificates count"),
        ({"client_ca_file": "CA"}, "no client is asked for a certificate, so 'client_ca_file' does nothing"),
        ({"crl_file": "CA", "client_auth": "optional", "client_ca_file": "CA"}, "it holds no PEM list"),
        ({"client_ca_file": "KEY", "client_auth": "optional"}, "it holds no certificate"),
        ({"handshakes": 0}, "'0' is too little for 'handshakes'"),
    ],
)
def test_values(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    """Values that cannot stand there, and such as do nothing."""
    authority = Authority(tmp_path)
    issued = authority.issue("gw.test")
    files = {"CA": authority.file, "KEY": issued.key_file}
    filled = {key: files.get(value, value) if isinstance(value, str) else value for key, value in changes.items()}
    found = problems(tmp_path, text({"certificates": [issued.section], **filled}))
    assert [message in problem.message for problem in found] == [True]
    assert all(problem.hint and problem.line for problem in found)


def test_files(tmp_path: Path) -> None:
    """A file that is not there, or not what it should be: the key is blamed that names it, and the file is named."""
    authority = Authority(tmp_path)
    issued, other = authority.issue("gw.test"), authority.issue("other")
    locked = authority.issue("locked", password=b"secret")
    empty = tmp_path / "empty"
    empty.touch()
    for section, key, message in (
        ({"cert_file": "/nowhere/c.pem", "key_file": issued.key_file}, "cert_file", "/nowhere/c.pem: no such file"),
        ({"cert_file": issued.cert_file, "key_file": str(tmp_path)}, "key_file", "is a directory"),
        ({"cert_file": str(empty), "key_file": issued.key_file}, "cert_file", "empty: it holds no certificate"),
        ({"cert_file": issued.cert_file, "key_file": str(empty)}, "key_file", "empty: it holds no private key"),
        ({"cert_file": issued.cert_file, "key_file": other.key_file}, "key_file", "it is not the key of the cert"),
        (locked.section, "key_file", "the key is encrypted"),
    ):
        content = text({"certificates": [section]})
        (problem,) = problems(tmp_path, content)
        assert message in problem.message
        assert key in content.splitlines()[problem.line - 1]
        assert problem.hint
        assert "PRIVATE" not in str(problem)


def test_doubts(tmp_path: Path) -> None:
    """What is allowed, and probably not meant."""
    root = Authority(tmp_path, "root")
    middle = Authority(tmp_path, "middle", root)
    soon, old = root.issue("soon", ends=timedelta(days=3)), root.issue("old", ends=timedelta(days=-1))
    early = root.issue("early", begins=timedelta(days=1))
    broken = middle.issue("broken", issuer_at="http://ca.example.org/")
    Path(soon.key_file).chmod(0o644)
    sections = [one.section for one in (soon, old, early, broken)]
    found = warnings(tmp_path, text({"certificates": sections}))
    for message in (
        "the certificate expires on",
        "the certificate expired on",
        "the certificate is good from",
        "the certificate of its issuer (CN=middle) is not in the file",
        "other users of this machine can get at the key",
    ):
        assert [why for why, _ in found if why.startswith(message)], message
    assert f"chmod 640 {soon.key_file}" in [hint for _, hint in found]
    assert len(found) == 5


def test_old_list_of_revoked_certificates(tmp_path: Path) -> None:
    """A list whose time is over lets nobody in: better to know before."""
    authority = Authority(tmp_path)
    issued = authority.issue("gw.test")
    tls = {
        "certificates": [issued.section],
        "client_auth": "optional",
        "client_ca_file": authority.file,
        "crl_file": authority.revoke(issued, ends=timedelta(days=-1)),
    }
    ((message, hint),) = warnings(tmp_path, text(tls))
    assert message.startswith("the list of CN=authority was good until")
    assert "no certificate of that issuer" in hint


def test_names_of_certificates(tmp_path: Path) -> None:
    """Metrics tell certificates apart by name."""
    issued = Authority(tmp_path).issue("gw.test")
    (found,) = said(tmp_path, text({"certificates": [issued.section, issued.section]}))
    assert found.message == "another certificate is called 'gw.test' too"
    twice = [issued.section, {**issued.section, "name": "again"}]
    assert loaded(tmp_path, text({"certificates": twice})).listeners[0].tls is not None


@pytest.mark.parametrize(
    ("written", "redirect"),
    [(True, HttpsRedirect()), (False, None), ({"port": 8443}, HttpsRedirect(port=8443))],
)
def test_redirect(tmp_path: Path, written: object, redirect: object) -> None:
    """Where HTTPS is, or simply that it is."""
    listeners = [{"address": "127.0.0.1:8080", "redirect_to_https": written}]
    assert loaded(tmp_path, text(listeners=listeners)).listeners[0].redirect_to_https == redirect


def test_redirect_where_https_is(tmp_path: Path) -> None:
    """A listener by TLS has nowhere to redirect to."""
    issued = Authority(tmp_path).issue("gw.test")
    listeners = [{"tls": {"certificates": [issued.section]}, "redirect_to_https": True}]
    (found,) = said(tmp_path, text(listeners=listeners))
    assert found.message == "clients speak HTTPS here already"


def test_services(tmp_path: Path) -> None:
    """What is said about a service by TLS has to be of use."""
    authority = Authority(tmp_path)
    own = authority.issue("gateway")
    targets = ["https://a:9443"]
    tls = {"ca_file": authority.file, "server_name": "api.internal", **own.section, "min_version": "1.3"}
    config = loaded(tmp_path, text(services={"pay": {"targets": targets, "tls": tls}}))
    assert config.services["pay"].tls is not None
    for section, message in (
        ({"targets": ["http://a", "unix:/run/a"], "tls": {}}, "no target is met by TLS, so 'tls' does nothing"),
        ({"targets": [{"url": "http://a"}], "tls": {}}, "no target is met by TLS, so 'tls' does nothing"),
        ({"targets": targets, "tls": {"ca_file": "/nowhere"}}, "/nowhere: no such file or directory"),
        ({"targets": targets, "tls": {"cert_file": own.cert_file}}, "'cert_file' is of no use without 'key_file'"),
        ({"targets": targets, "tls": {"key_file": own.key_file}}, "'key_file' is of no use without 'cert_file'"),
        (
            {"targets": targets, "tls": {"verify": False, "ca_file": authority.file}},
            "nothing is verified, so 'ca_file' does nothing",
        ),
    ):
        assert [one.message for one in problems(tmp_path, text(services={"pay": section}))] == [message]
    ((message, _),) = warnings(tmp_path, text(services={"pay": {"targets": targets, "tls": {"verify": False}}}))
    assert message == "anybody on the way can be this service"


def test_certificates_as_credentials(tmp_path: Path) -> None:
    """Callers can be told by certificates only where some are asked for."""
    authority = Authority(tmp_path)
    issued = authority.issue("gw.test")
    tls = {"certificates": [issued.section], "client_ca_file": authority.file, "client_auth": "optional"}
    section = {"certificates": {"tenant": "organization", "roles": "off"}}
    config = loaded(tmp_path, text(tls, authentication=section))
    assert config.authentication is not None
    assert config.authentication.methods == ("certificate",)
    plain = {"certificates": [issued.section]}
    (found,) = said(tmp_path, text(plain, authentication=section))
    assert found.message == "no listener asks clients for certificates"


_BLOCKS = re.findall(r"^```yaml\n(.*?)^```", manual("tls.md"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", _BLOCKS)
def test_examples_of_the_manual_load(tmp_path: Path, block: str) -> None:
    """What docs/tls.md shows works, where the files are what they are called, and raises no doubts."""
    authority = Authority(tmp_path)
    for name in ("api", "tickets", "gateway"):
        authority.issue(f"{name}.example.org", file=name)
    for name in ("devices-ca", "internal-ca"):
        Path(authority.file).rename(tmp_path / f"{name}.pem")
        Path(authority.file).write_bytes(authority.pem)
    authority.revoke(file="devices")
    shown = block.replace("/etc/gatewayd/tls", str(tmp_path))
    assert shown != block
    assert warnings(tmp_path, shown) == []
