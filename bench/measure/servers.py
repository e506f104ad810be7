"""The three servers of a measurement: a backend, nginx in front of it as the peer, and the gateway under test."""

import http.client
import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.measure.processes import BenchError, Child, Children, Cores, free_port

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
LARGE_BYTES = 1 << 20
SMALL_BODY = json.dumps(
    {
        "id": 4217,
        "name": "an answer of the backend",
        "tags": ["alpha", "beta", "gamma"],
        "active": True,
        "price": 129.9,
        "owner": {"id": 7, "mail": "owner@example.org"},
    }
).ljust(200)
PACKAGES = {"nginx": "nginx-light", "perf": "linux-perf"}  # Debian's, where they are called otherwise
START_S = 30.0
START_MANY_ROUTES_S = 180.0


@dataclass(frozen=True)
class Server:
    """A started server: its process and its port on 127.0.0.1, where it speaks `scheme`."""

    child: Child
    port: int
    scheme: str = "http"

    @property
    def name(self) -> str:
        """What the tables call it."""
        return self.child.name


@dataclass(frozen=True)
class Workbench:
    """Starts servers on the cores of the run, with their files in a temporary folder.

    `gateway` is the command of the gateway under test with {port}, {backend_port} and {routes} in it.
    """

    children: Children
    cores: Cores
    folder: Path
    gateway: str

    def start_backend(self, stream_bytes: int) -> Server:
        """The backend, on the load core: /large is 1 MiB, /stream so many bytes, all else a small document."""
        www = self.folder / "www"
        www.mkdir(exist_ok=True)
        (www / "large.bin").write_bytes(os.urandom(LARGE_BYTES))
        with (www / "stream.bin").open("wb") as stream:
            stream.truncate(stream_bytes)  # sparse: takes no room on the disk
        return self._start_nginx("backend", self.cores.load, {"small": SMALL_BODY})

    def start_peer(self, backend_port: int) -> Server:
        """The reverse proxy to compare with, on the subject's core."""
        return self._start_nginx("proxy", self.cores.subject, {"backend_port": str(backend_port)}, name="nginx")

    def start_gateway(self, backend_port: int, *, name: str = "gatewayd", routes: int = 1, command: str = "") -> Server:
        """The gateway under test on the subject's core; by `command` instead, that of one which speaks TLS."""
        port = free_port()
        values = {"port": port, "backend_port": backend_port, "routes": routes}
        argv = re.sub(
            r"\{(port|backend_port|routes)\}", lambda found: str(values[found.group(1)]), command or self.gateway
        )
        log = self.folder / f"gateway-{port}.log"
        child = self.children.start(name, shlex.split(argv), core=self.cores.subject, cwd=ROOT, log=log)
        child.wait_listening(port, START_S if routes < 1000 else START_MANY_ROUTES_S)
        return Server(child, port, "https" if command else "http")

    def stop(self, server: Server) -> None:
        """End a server before the run does."""
        self.children.stop(server.child)

    def _start_nginx(self, config: str, core: int, values: Mapping[str, str], name: str | None = None) -> Server:
        port = free_port()
        user = "user root;" if os.geteuid() == 0 else ""  # else its worker could not read the temporary folder
        values = {"port": str(port), "folder": str(self.folder), "user": user, **values}
        text = (BENCH / "nginx" / f"{config}.conf").read_text()
        file = self.folder / f"{config}.conf"
        file.write_text(re.sub(r"\{\{(\w+)\}\}", lambda found: values[found.group(1)], text))
        argv = [find_program("nginx"), "-e", "stderr", "-p", str(self.folder), "-c", str(file)]
        child = self.children.start(name or config, argv, core=core, log=self.folder / f"{config}.log")
        child.wait_listening(port, START_S)
        return Server(child, port)


def find_program(name: str) -> str:
    """The full path of a program, also where PATH lacks the sbin folders."""
    folders = [os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"]
    path = shutil.which(name, path=os.pathsep.join(folders))
    if path is None:
        package = PACKAGES.get(name, name)
        raise BenchError(f"{name} is not installed; on Debian: sudo apt-get install {package}")
    return path


def unverified() -> ssl.SSLContext:
    """TLS without a look at the certificate, which is the profile's own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def check_proxy(server: Server) -> None:
    """BenchError unless the answers that are going to be timed are right."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    if server.scheme == "https":
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=20, context=unverified())
    small = SMALL_BODY.encode()
    try:
        for method, path, body, length in (
            ("GET", "/small", None, len(small)),
            ("POST", "/post", b"x" * 10240, len(small)),
            ("GET", "/large", None, LARGE_BYTES),
        ):
            connection.request(method, path, body)
            response = connection.getresponse()
            answer = response.read()
            if response.status != 200 or len(answer) != length or (length == len(small) and answer != small):
                found = f"{method} {path} with {response.status} and {len(answer)} bytes (200 and {length} are right)"
                raise BenchError(f"{server.name} answers {found}: {answer[:200]!r}\n{server.child.log_tail()}")
    except (OSError, http.client.HTTPException) as error:
        raise BenchError(f"{server.name} does not answer: {error!r}\n{server.child.log_tail()}") from error
    finally:
        connection.close()


def versions() -> dict[str, str]:
    """What was measured with what."""
    python = ROOT / ".venv" / "bin" / "python"
    cpu = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "cpu": cpu.group(1) if cpu else os.uname().machine,
        "cores": str(os.cpu_count()),
        "kernel": os.uname().release,
        "python": _output([str(python), "-c", "import platform; print(platform.python_version())"]),
        "twisted": _output([str(python), "-c", "import twisted; print(twisted.__version__)"]),
        "nginx": _output([find_program("nginx"), "-v"]).rpartition("/")[2],
        "wrk": _output([find_program("wrk"), "-v"]).partition("Copyright")[0].removeprefix("wrk ").strip(),
        "commit": _output(["git", "-C", str(ROOT), "describe", "--always", "--dirty"]),
    }


def _output(argv: list[str]) -> str:
    """The first line a command prints, or "unknown"."""
    try:
        done = subprocess.run(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    lines = done.stdout.splitlines()
    usable = lines and (done.returncode == 0 or argv[1] == "-v")  # wrk -v prints its version and ends with 1
    return lines[0].strip() if usable else "unknown"
