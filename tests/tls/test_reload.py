"""Certificates that change on the disk while the gateway serves."""

from __future__ import annotations

import shutil
import threading
import time
from datetime import timedelta
from pathlib import Path

from tests.harness import GatewayProcess, RecordingUpstream
from tests.harness.certificates import Authority, Issued
from tests.harness.client import PATIENCE

from .world import GET, client, shown, trusting, world


def put(issued: Issued, cert_file: Path, key_file: Path) -> None:
    """Replace a certificate and its key, one after the other, as tools do."""
    for source, target in ((issued.cert_file, cert_file), (issued.key_file, key_file)):
        fresh = target.with_name(f"{target.name}.new")
        shutil.copy(source, fresh)
        fresh.rename(target)


def wait_for_name(gateway: GatewayProcess, authority: Authority, name: str) -> None:
    """Return once new clients get a certificate for `name`."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with client(gateway, trusting(authority, check_hostname=False)) as one:
            if name in shown(one):
                return
        assert time.monotonic() < deadline, gateway.log[-3000:]


def test_swap_under_load(authority: Authority, upstream: RecordingUpstream, folder: Path) -> None:
    """No request fails while certificates change, and connections that stand go on; what is no good changes nothing."""
    old = authority.issue("gw.test", "old.test", file="swap-old")
    new = authority.issue("gw.test", "new.test", file="swap-new", ends=timedelta(days=20))
    cert_file, key_file = folder / "live.pem", folder / "live.key"
    put(old, cert_file, key_file)
    tls = {"certificates": [{"cert_file": str(cert_file), "key_file": str(key_file)}]}
    failures: list[BaseException] = []
    answered = 0
    stop = threading.Event()

    def load() -> None:
        nonlocal answered
        context = trusting(authority)
        while not stop.is_set():
            try:
                with client(gateway, context) as one:
                    for _ in range(3):
                        assert one.ask(GET).status == 200
                        answered += 1
            except Exception as error:
                failures.append(error)

    with GatewayProcess(world(upstream, tls)) as gateway:
        end = gateway.metric("tls_certificate_not_after_timestamp_seconds", name="live")
        assert end == old.certificate.not_valid_after_utc.timestamp()
        loader = threading.Thread(target=load)
        with client(gateway, trusting(authority)) as standing:
            assert standing.ask(GET).status == 200
            loader.start()
            try:
                key_file.write_text("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
                (told,) = gateway.wait_log("listener http: the last good certificates stay in use: .*")
                assert "live.key" in told[0]
                assert "nonsense" not in gateway.log
                wait_for_name(gateway, authority, "old.test")
                put(new, cert_file, key_file)
                wait_for_name(gateway, authority, "new.test")
                gateway.wait_log("listener http: new certificates are in use")
                assert standing.ask(GET).status == 200
            finally:
                stop.set()
                loader.join()
        assert failures == []
        assert answered > 0
        end = new.certificate.not_valid_after_utc.timestamp()
        gateway.wait_metric("tls_certificate_not_after_timestamp_seconds", end, name="live")
