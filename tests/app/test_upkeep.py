"""Targets that are found, from a start to a stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.kept import CONNECT, A, B, C, Kept, file

# Starting.


def test_nothing_to_keep(tmp_path: Path) -> None:
    """Targets that are listed, and nobody asks: it has started at once, and has nothing to do."""
    kept = Kept(tmp_path).start()
    assert kept.started
    assert kept.readiness.findings() == []
    kept.stop()


def test_a_start_waits_for_targets(tmp_path: Path) -> None:
    """Until they are found."""
    kept = Kept(tmp_path, targets=file(tmp_path, A, B))
    kept.reactor.threads.at_once = False
    kept.start()
    assert not kept.started
    assert kept.urls == []
    kept.reactor.threads.work()
    assert kept.started
    assert kept.urls == [A, B]
    kept.stop()


def test_a_start_goes_on_without_targets(tmp_path: Path) -> None:
    """Where they cannot be found at once, they may be found later."""
    line = file(tmp_path, A)
    (tmp_path / "targets.yaml").unlink()
    kept = Kept(tmp_path, targets=line).start()
    assert kept.started
    assert kept.urls == []
    file(tmp_path, A)
    kept.pass_time(2.0)
    assert kept.urls == [A]
    kept.stop()


def test_a_start_does_not_wait_for_ever(tmp_path: Path) -> None:
    """Five seconds; what is found afterwards is found all the same."""
    kept = Kept(tmp_path, targets=file(tmp_path, A))
    kept.reactor.threads.at_once = False
    kept.start()
    kept.pass_time(4.999)
    assert not kept.started
    kept.pass_time(0.001)
    assert kept.started
    kept.reactor.threads.work()
    assert kept.urls == [A]
    kept.stop()


@pytest.mark.parametrize("seconds", [0.0, 5.0])
def test_a_stop_while_it_starts(tmp_path: Path, seconds: float) -> None:
    """Whoever waits waits no longer, and what is found has no effect."""
    kept = Kept(tmp_path, CONNECT, targets=file(tmp_path, A))
    kept.reactor.threads.at_once = False
    kept.start()
    kept.pass_time(seconds)
    kept.stop()
    assert kept.started
    kept.reactor.threads.work()
    assert kept.urls == []
    assert not kept.reactor.getDelayedCalls()


# Discovery.


def test_targets_come_and_go(tmp_path: Path) -> None:
    """Those that stay are the same objects; those that went finish what they have begun."""
    kept = Kept(tmp_path, targets=file(tmp_path, A, B)).start()
    first, second = kept.service.targets
    first.active = 1
    file(tmp_path, C, B)
    kept.pass_time(2.0)
    assert kept.urls == [B, C]
    assert kept.service.targets[0] is second
    assert kept.service.standings(kept.now()) == (2, 0, 1)
    assert {kept.service.pick(None, kept.now()).url for _ in range(4)} == {B, C}
    kept.stop()


def test_weights_and_priorities_change(tmp_path: Path) -> None:
    """The target keeps its connections, and gets another share or group; the order is that of the groups."""
    kept = Kept(tmp_path, targets=file(tmp_path, A, B)).start()
    first, second = kept.service.targets
    file(tmp_path, f"{{url: '{A}', weight: 5, priority: 1}}", B)
    kept.pass_time(2.0)
    assert kept.service.targets == (second, first)
    assert (first.weight, first.priority) == (5, 1)
    assert kept.service.pick(None, kept.now()) is second
    kept.stop()


def test_a_broken_file(tmp_path: Path, log: list[str]) -> None:
    """The last targets stay; the log tells once."""
    kept = Kept(tmp_path, targets=file(tmp_path, A)).start()
    file(tmp_path, "nonsense")
    kept.pass_time(2.0)
    kept.pass_time(2.0)
    assert kept.urls == [A]
    assert [line.partition(":")[0] for line in log] == ["info", "warn"]
    kept.stop()


def test_who_joins_warms_up(tmp_path: Path) -> None:
    """The first that are found do not: there is nobody else."""
    kept = Kept(tmp_path, "balance: {slow_start: 30s}", targets=file(tmp_path, A)).start()
    assert not kept.service.targets[0].cautious(kept.now())
    file(tmp_path, A, B)
    kept.pass_time(2.0)
    assert [target.slow_until for target in kept.service.targets] == [0.0, 32.0]
    kept.stop()
