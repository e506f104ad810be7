"""Whatever a file holds, loading it gives a configuration or problems that can be shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.config import ConfigErrors, Problem, load, report
from gatewayd.config.docs.reference import EXAMPLE

VALUES = (
    "5", "1.5", "true", "~", "''", "[]", "{}", "[[]]", "{a: b}", "[~]", "*x", "&x y", "!t z", "${A}", "'${B}'", "${",
    "|", "'", '"', "{", "}", "[", ":", "- ", "#", "\t", "\x00", "\u2028", "\U0001f600", "/**", "{id}", "0s", "off",
    "<<: *x", "http://a", "unix:/a", "\n", "\n  ", "? ", "---\n", "%Y", "\ufeff", "1e999", ".nan", "0x", "9" * 400,
)  # fmt: skip


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all examples."""
    return tmp_path_factory.mktemp("any")


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """The example of the reference page with some pieces replaced."""
    text = EXAMPLE
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.sampled_from(VALUES) | st.text(max_size=3)) + text[end:]
    return text


def judged(main: Path, text: str) -> tuple[Problem, ...]:
    """What is wrong with `text`, written to `main`."""
    main.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        load(main, {"A": "x", "B": "7"})
    except ConfigErrors as errors:
        return errors.problems
    return ()


@given(text=damaged())
def test_damaged_text(folder: Path, text: str) -> None:
    """A damaged file leads to `ConfigErrors` at worst, each problem with a place that exists and a report."""
    problems = judged(folder / "gateway.yaml", text)
    for problem in problems:
        assert 0 <= problem.line <= len(text.splitlines()) + 1
        assert problem.message
    assert report(problems, color=True).endswith("\n")


@given(value=st.sampled_from(VALUES), line=st.integers(0, EXAMPLE.count("\n") - 1))
def test_other_values(folder: Path, value: str, line: int) -> None:
    """Any value in the place of any other is accepted or refused, never fatal."""
    lines = EXAMPLE.splitlines()
    key, colon, _ = lines[line].partition(": ")
    lines[line] = key + (colon or ": ") + value
    assert len(judged(folder / "gateway.yaml", "\n".join(lines))) < 30
