"""Figures of the process and of its event loop."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from gatewayd.telemetry import memory, process
from gatewayd.telemetry.process import LoopLag

GIB = 2**30
MACHINE = "MemTotal:       8388608 kB\nMemFree:  1 kB\n"


def tree(root: Path, files: dict[str, str]) -> Path:
    """A directory that looks like the part of / the kernel fills."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "ascii")
    return root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, None, id="the kernel tells nothing"),
        pytest.param({"proc/meminfo": MACHINE}, 8 * GIB, id="no control group"),
        pytest.param(
            {"proc/meminfo": MACHINE, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1073741824\n"},
            GIB,
            id="version 2, a container's own root",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/system.slice/gatewayd.service\n",
                "sys/fs/cgroup/system.slice/gatewayd.service/memory.max": "max\n",
                "sys/fs/cgroup/system.slice/memory.max": "2147483648\n",
            },
            2 * GIB,
            id="version 2, the limit stands above",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/memory.max": "3221225472\n",
                "sys/fs/cgroup/a/memory.max": "1073741824\n",
                "sys/fs/cgroup/memory.max": "2147483648\n",
            },
            GIB,
            id="version 2, the tightest counts",
        ),
        pytest.param(
            {
                "proc/meminfo": MACHINE,
                "proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/x\n",
                "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1073741824\n",
            },
            GIB,
            id="version 1",
        ),
        pytest.param(
            {
                "proc/meminfo": MACHINE,
                "proc/self/cgroup": "4:memory:/x\n0::/x\n",
                "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "9223372036854771712\n",
            },
            8 * GIB,
            id="version 1, unlimited",
        ),
        pytest.param(
            {
                "proc/meminfo": MACHINE,
                "proc/self/cgroup": "4:memory:/docker/of/the/host\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n",
            },
            GIB,
            id="version 1, a container that sees the host's path",
        ),
    ],
)
def test_the_memory_limit_is_the_tightest(tmp_path: Path, files: dict[str, str], expected: int | None) -> None:
    """The limit is that of the control group or one above it, else the machine's memory."""
    assert memory.limit(tree(tmp_path, files)) == expected


def test_memory_is_read_in_pages(tmp_path: Path) -> None:
    """Statm counts pages; what a sandbox hides is left out."""
    page = os.sysconf("SC_PAGE_SIZE")
    assert memory.usage(tmp_path) == {}
    tree(tmp_path, {"proc/self/statm": "100 50 20 1 0 30 0\n"})
    assert memory.usage(tmp_path) == {"vms": 100 * page, "rss": 50 * page, "shared": 20 * page}


def test_open_descriptors_are_counted() -> None:
    """Three more descriptors are three more, however the kernel makes us count."""
    *_, before = process.open_descriptors()
    opened = [os.open("/dev/null", os.O_RDONLY) for _ in range(3)]
    try:
        *_, after = process.open_descriptors()
        *_, listed = process.entries("/proc/self/fd", -1)
    finally:
        for descriptor in opened:
            os.close(descriptor)
    assert before is not None
    assert after == listed == before + 3


@pytest.mark.parametrize(("count", "steps"), [(0, 0), (255, 0), (256, 1), (257, 1), (600, 2)])
def test_a_long_directory_is_counted_in_steps(tmp_path: Path, count: int, steps: int) -> None:
    """Counting thousands of entries pauses every 256, so that others can run."""
    for number in range(count):
        (tmp_path / str(number)).touch()
    assert list(process.entries(str(tmp_path))) == [None] * steps + [count]


def test_the_start_of_a_process_is_known_and_constant() -> None:
    """The process of the tests began before now and after the machine; one that does not exist has no start."""
    began = process.started_at(os.getpid())
    assert began is not None
    assert time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) <= began <= time.time()
    assert process.started_at(os.getpid()) == began
    assert process.started_at(2**22 + 1) is None  # above the kernel's largest process id


def test_a_punctual_loop_has_no_lag() -> None:
    """Every 250 ms on time is a lag of 0."""
    clock, lags = Clock(), list[float]()
    lag = LoopLag(clock, lags.append)
    lag.start()
    clock.pump([0.25] * 4)
    assert lags == [0.0] * 4
    lag.stop()


def test_lag_is_what_the_wake_up_was_late() -> None:
    """A wake-up 0.5 s late is one observation of 0.5 s, and the next one is planned from there."""
    clock, lags = Clock(), list[float]()
    lag = LoopLag(clock, lags.append)
    lag.start()
    clock.advance(0.75)
    assert lags == [0.5]
    clock.advance(0.2499)
    assert lags == [0.5]
    clock.advance(0.0001)
    assert lags == pytest.approx([0.5, 0.0])
    lag.stop()


def test_a_stopped_measurement_leaves_nothing() -> None:
    """After stop no timer is left; stopping early or twice is fine."""
    clock, lags = Clock(), list[float]()
    lag = LoopLag(clock, lags.append)
    lag.stop()
    lag.start()
    lag.stop()
    lag.stop()
    assert clock.getDelayedCalls() == []
    clock.advance(1)
    assert lags == []
