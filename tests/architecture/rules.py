"""Rules of the house that no tool of the shelf checks; `python -m tests.architecture.rules` prints what breaks them."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 300
SOURCES = ("gatewayd", "twisted", "tests", "bench", "scripts", "setup.py")
TEXTS = (
    *SOURCES,
    "docs",
    "etc",
    "monitoring",
    "debian",
    ".ci",
    "Makefile",
    "README.md",
    "CHANGELOG.md",
    "pyproject.toml",
)
REACTOR_ROOMS = ("gatewayd/app/", "gatewayd/tap.py", "tests/", "bench/")
DATA_PATH = tuple(f"gatewayd/{room}/" for room in ("core", "http", "routes", "pipeline", "filters", "upstream"))
CRYPTOGRAPHY = ("cryptography", "jwt")
# A home directory or a scratch folder of somebody's machine: nothing in a project may depend on one.
_MACHINE = re.compile(r"(?<![\w.~-])/(?:home/\w+|root|Users/\w+)/\w")


def _files(root: Path, places: tuple[str, ...], suffix: str = "") -> Iterator[tuple[str, Path]]:
    """Every file below `places` with its path relative to `root`, caches left out."""
    for place in places:
        start = root / place
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            if path.is_file() and path.name.endswith(suffix) and "__pycache__" not in path.parts:
                yield path.relative_to(root).as_posix(), path


def imported_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and full dotted name of everything a module imports, wherever in it the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def long_files(root: Path = ROOT) -> Iterator[str]:
    """Python files of more than 300 lines: they do more than one job."""
    for name, path in _files(root, SOURCES, ".py"):
        lines = len(path.read_text("utf-8").splitlines())
        if lines > MAX_LINES:
            yield f"{name}: {lines} lines; the cap is {MAX_LINES}"


def reactor_imports(root: Path = ROOT) -> Iterator[str]:
    """Imports of the global reactor outside the composition root: everything else is handed one."""
    for name, path in _files(root, SOURCES, ".py"):
        if name.startswith(REACTOR_ROOMS):
            continue
        for line, imported in imported_names(ast.parse(path.read_text("utf-8"))):
            if imported == "twisted.internet.reactor":
                yield f"{name}:{line}: imports the global reactor; take one as an argument"


def core_imports(root: Path = ROOT) -> Iterator[str]:
    """Imports of the core from outside the standard library and the core itself; tokens and certificates need more."""
    for name, path in _files(root, ("gatewayd/core",), ".py"):
        for line, imported in imported_names(ast.parse(path.read_text("utf-8"))):
            top = imported.split(".")[0]
            if top in CRYPTOGRAPHY and name.startswith(("gatewayd/core/tokens/", "gatewayd/core/tls/")):
                continue
            if top not in sys.stdlib_module_names and not imported.startswith("gatewayd.core"):
                yield f"{name}:{line}: imports {imported}; the core knows the standard library only"


def prints(root: Path = ROOT) -> Iterator[str]:
    """Calls of print on the data path."""
    for name, path in _files(root, DATA_PATH, ".py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                yield f"{name}:{node.lineno}: prints; log instead"


def mocks(root: Path = ROOT) -> Iterator[str]:
    """Uses of unittest.mock: fakes implement the interface they stand for."""
    for name, path in _files(root, SOURCES, ".py"):
        for line, imported in imported_names(ast.parse(path.read_text("utf-8"))):
            if imported.startswith("unittest.mock"):
                yield f"{name}:{line}: uses unittest.mock; write a fake"


def machine_paths(root: Path = ROOT) -> Iterator[str]:
    """Paths that exist on one machine only."""
    here = str(root)  # wherever this checkout stands is a place of one machine, too
    for name, path in _files(root, TEXTS):
        if path == Path(__file__).resolve():
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            found = _MACHINE.search(line)
            if found or here in line:
                yield f"{name}:{number}: names a path of one machine: {found.group() if found else here}"


RULES = (long_files, reactor_imports, core_imports, prints, mocks, machine_paths)


def main() -> int:
    """Print every broken rule; 1 where there is one."""
    broken = [line for rule in RULES for line in rule()]
    for line in broken:
        print(line)  # noqa: T201 - a command line program
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
