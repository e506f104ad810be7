"""What the documents point at exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.rules import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(document: Path) -> None:
    """Every link that is no URL and no anchor names a file or directory of the tree."""
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text("utf-8"))
    assert [link for link in links if "://" not in link and not (document.parent / link).exists()] == []


def test_the_readme_lists_every_target_of_the_makefile() -> None:
    """And no other."""
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    told = re.findall(r"^\| `make ([a-z]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert set(told) == set(targets) - {"help"}
