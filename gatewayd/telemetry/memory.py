"""The memory of the process against what it may use."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

_PAGE = resource.getpagesize()


def usage(root: Path = Path("/")) -> dict[str, int]:
    """Bytes by type (vms, rss, shared), read now; empty where a sandbox hides them. `root` holds `proc` and `sys`."""
    try:
        pages = [int(number) for number in (root / "proc/self/statm").read_bytes().split()[:3]]
    except (OSError, ValueError):
        return {}
    return dict(zip(("vms", "rss", "shared"), (count * _PAGE for count in pages), strict=False))


def limit(root: Path = Path("/")) -> int | None:
    """The tightest limit in bytes of the process's control group and those above it, version 1 or 2.

    Never more than the machine's memory, and None where the kernel tells neither.
    """
    return min([*_group_limits(root), *_machine_memory(root)], default=None)


def _group_limits(root: Path) -> Iterator[int]:
    """Every limit from the process's own memory control group up to the top (man 7 cgroups)."""
    try:
        lines = (root / "proc/self/cgroup").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            mount, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            mount, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        # A container may see the host's path here but only its own group there: what is missing is skipped.
        group = mount / path.lstrip("/")
        for directory in (group, *group.parents):
            yield from _number(directory / name)
            if directory == mount:
                break


def _number(path: Path) -> Iterator[int]:
    # Unlimited is "max" in version 2, and in version 1 a number beyond any machine's memory.
    try:
        yield int(path.read_bytes())
    except (OSError, ValueError):
        return


def _machine_memory(root: Path) -> Iterator[int]:
    try:
        lines = (root / "proc/meminfo").read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        if line.startswith(b"MemTotal:"):
            yield int(line.split()[1]) * 1024
