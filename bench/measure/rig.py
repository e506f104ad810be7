"""A peer rig, if PEERS_RIG points to one: the same load on other proxies, run by a program of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure.processes import BenchError
from bench.measure.rounds import Figure
from bench.measure.servers import ROOT

PEERS = ("nginx", "haproxy", "envoy", "fastify-http-proxy")
ROUNDS, SECONDS = 3, 3
LIMIT_S = 600.0
GOALS = {"nginx": 1.6, "envoy": 1.0, "fastify-http-proxy": 1 / 3}


@dataclass(frozen=True)
class RigResult:
    """The rig's own table, and the gateway's CPU per request against each peer's."""

    table: str
    figures: tuple[Figure, ...]


def find_rig(environ: Mapping[str, str]) -> Path | None:
    """The rig's program: in PEERS_RIG, else where one lies beside the clone; None if there is none."""
    named = environ.get("PEERS_RIG")
    program = (Path(named) if named else ROOT.parent / "shared" / "peers") / "bench.py"
    if program.is_file():
        return program
    if named:
        raise BenchError(f"PEERS_RIG is {named}, but there is no bench.py in it")
    return None


def run_rig(program: Path, gateway: str, folder: Path, cores: set[int], quick: bool) -> RigResult:
    """Run it with the peers it knows and the gateway, and read its table and its JSON."""
    listed = _run([sys.executable, str(program), "--list"], 30, cores)
    known = {words[2] for line in listed.splitlines() if len(words := line.split()) > 2 and words[0] == "proxy"}
    peers = [peer for peer in PEERS if peer in known]
    report = folder / "rig.json"
    table = _run(
        [
            sys.executable,
            str(program),
            "--profile",
            "proxy",
            "--peers",
            ",".join(peers),
            "--reference",
            "nginx",
            "--gateway",
            f"gatewayd={gateway.replace('{routes}', '1')}",
            "--rounds",
            str(1 if quick else ROUNDS),
            "--seconds",
            str(1 if quick else SECONDS),
            "--json",
            str(report),
        ],
        LIMIT_S,
        cores,
    )
    return RigResult(table.strip(), tuple(_figures(json.loads(report.read_text()))))


def _figures(report: Mapping[str, Any]) -> list[Figure]:
    rounds = {entry["name"]: entry["rounds"] for entry in report["results"] if entry["rounds"]}
    medians = {entry["name"]: entry["median"] for entry in report["results"] if entry["rounds"]}
    figures = []
    for peer in PEERS:
        if peer not in rounds or "gatewayd" not in rounds:
            continue
        ratios = [own["cpu_us"] / other["cpu_us"] for own, other in zip(rounds["gatewayd"], rounds[peer], strict=False)]
        ratio = medians["gatewayd"]["cpu_us"] / medians[peer]["cpu_us"]
        name = f"peer rig: CPU per request, gatewayd / {peer}"
        figures.append(Figure(name, ratio, "x", min(ratios), max(ratios), GOALS.get(peer)))
    return figures


def _run(argv: list[str], seconds: float, cores: set[int]) -> str:
    """What it prints. Ended with SIGTERM, which it cleans up after, if it takes too long or this run is interrupted."""
    process = subprocess.Popen(
        argv,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        os.sched_setaffinity(process.pid, cores)
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"the peer rig did not end within {seconds:g} s") from error
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    if process.returncode != 0:
        raise BenchError(f"the peer rig ended with {process.returncode}\n{output[-3000:]}\n{errors[-2000:]}")
    return output
