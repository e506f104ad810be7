"""Every file of `monitoring/` as text, and the directory they are written to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gatewayd.monitoring import alerts, cases, dashboard, recording
from gatewayd.monitoring.rules import Group, document
from gatewayd.monitoring.settings import Settings
from gatewayd.monitoring.yamltext import yaml_text

TEMPLATES: Final = Path(__file__).with_name("templates")
_WRITTEN: Final = "Written by `python -m gatewayd.monitoring`; what is changed here by hand is lost at the next run."


def files(settings: Settings) -> dict[str, str]:
    """The content of each file by its path, in the same order and to the byte the same each time."""
    return dict(sorted(_files(settings)))


def write(directory: Path, settings: Settings) -> list[Path]:
    """Write all of them below `directory`, made where it is missing. Answers their paths; OSError where that fails."""
    written = []
    for name, text in files(settings).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _files(settings: Settings) -> Iterator[tuple[str, str]]:
    yield "prometheus/rules/gatewayd-recording.yml", _rules(recording.groups(settings), settings)
    for group in alerts.groups(settings):
        yield f"prometheus/rules/{group.name}.yml", _rules((group,), settings)
    for name, test in cases.tests(settings):
        comment = ("promtool test rules " + name, _WRITTEN)
        yield f"prometheus/tests/{name}", yaml_text(test, comment)
    yield "grafana/dashboards/gatewayd.json", dashboard.provisioning_form(settings)
    yield "grafana/import/gatewayd.json", dashboard.import_form(settings)
    for path in TEMPLATES.rglob("*"):
        if path.is_file():
            yield path.relative_to(TEMPLATES).as_posix(), _filled(path.read_text("utf-8"), settings)


def _rules(groups: Iterable[Group], settings: Settings) -> str:
    return yaml_text(document(groups, settings), (_WRITTEN,))


def _filled(text: str, settings: Settings) -> str:
    return text.replace("@job@", settings.job).replace("@runbooks@", settings.runbooks)
