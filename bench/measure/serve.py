"""bench/serve: write the configuration of a profile and become the gateway that runs it."""

import argparse
import os
import select
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.measure.processes import raise_descriptor_limit
from bench.measure.profiles import PROFILES
from bench.measure.servers import ROOT

TWISTD = ROOT / ".venv" / "bin" / "twistd"


def remove_afterwards(folder: Path) -> None:
    """Leave a process behind that removes the folder once this process, whatever it has become, has ended.

    It has a session of its own and is nobody's child, so that it is neither measured nor ended with the gateway.
    """
    ending = os.pidfd_open(os.getpid())
    if (child := os.fork()) != 0:
        os.waitpid(child, 0)
        os.close(ending)
        return
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    select.select([ending], [], [])
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def main(argv: Sequence[str] | None = None) -> int:
    """Become the gateway; only returns if that is not possible."""
    parser = argparse.ArgumentParser(prog="bench/serve", description="Run one gateway in the foreground.")
    parser.add_argument("profile", metavar="PROFILE", help=f"what it is to do: {', '.join(PROFILES)}")
    parser.add_argument("port", metavar="PORT", type=int, help="listen on 127.0.0.1:PORT")
    parser.add_argument("backend_port", metavar="BACKEND_PORT", type=int, help="the service is at this port")
    parser.add_argument("--routes", type=int, default=1, help="with so many routes (1)")
    parser.add_argument("--cprofile", metavar="FILE", help="under cProfile, its statistics written here at the end")
    options = parser.parse_args(argv)
    if options.profile not in PROFILES:
        parser.error(f"there is no profile {options.profile!r}; known: {', '.join(PROFILES)}")
    if not TWISTD.exists():
        parser.error(f"{TWISTD} does not exist; run `make setup` first")
    folder = Path(tempfile.mkdtemp(prefix="gatewayd-serve-"))
    remove_afterwards(folder)
    file = folder / "gatewayd.yaml"
    try:
        file.write_text(PROFILES[options.profile](options.port, options.backend_port, max(1, options.routes)))
    except KeyError as missing:
        parser.error(f"the profile {options.profile!r} needs {missing.args[0]} in the environment")
    raise_descriptor_limit()
    sys.stdout.flush()
    profiling = [f"--profile={options.cprofile}", "--profiler=cprofile", "--savestats"] if options.cprofile else []
    command = [str(TWISTD), "-n", "--pidfile=", *profiling, "gateway", "--config", str(file)]
    os.execv(TWISTD, command)  # noqa: S606  (no shell is wanted)


if __name__ == "__main__":
    sys.exit(main())
