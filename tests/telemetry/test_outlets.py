"""Files that rotate: by size, as twistd has it, and by others who rename them."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event

import pytest

from gatewayd.telemetry.outlets import FileOutlet

NEVER = Event()


def opened(path: Path, rotated_at: int = 1000) -> FileOutlet:
    """A file that is open."""
    outlet = FileOutlet(str(path), 1.0, rotated_at)
    outlet.open()
    return outlet


def contents(folder: Path) -> dict[str, str]:
    """What each file holds."""
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_rotation_names_files_as_twistd_does(tmp_path: Path) -> None:
    """The last one is `.1`, older ones count up, and none is lost; other files are left alone."""
    (tmp_path / "g.log.bz2").write_text("other")
    outlet = opened(tmp_path / "g.log")
    for number in range(12):
        assert outlet.write([b"%d\n" % number], NEVER) == 0
        outlet.rotate()
    outlet.close()
    found = contents(tmp_path)
    assert found.pop("g.log") == ""
    assert found.pop("g.log.bz2") == "other"
    assert found == {f"g.log.{12 - number}": f"{number}\n" for number in range(12)}


def test_a_file_that_grew_is_rotated(tmp_path: Path) -> None:
    """Before it would become larger than it may; a batch that is larger by itself is written all the same."""
    outlet = opened(tmp_path / "g.log", rotated_at=10)
    for batch in ([b"12345678\n"], [b"a\n"], [b"x" * 20 + b"\n"]):
        assert outlet.write(batch, NEVER) == 0
    outlet.close()
    assert contents(tmp_path) == {"g.log": "x" * 20 + "\n", "g.log.1": "a\n", "g.log.2": "12345678\n"}


@pytest.mark.parametrize("gone", [False, True])
def test_others_who_rename_it(tmp_path: Path, gone: bool) -> None:
    """logrotate moved it, and may have made a new one: that one is opened, and nothing is renamed a second time."""
    outlet = opened(tmp_path / "g.log")
    outlet.write([b"old\n"], NEVER)
    os.rename(tmp_path / "g.log", tmp_path / "g.log.1")
    if not gone:
        (tmp_path / "g.log").write_text("theirs\n")
    outlet.rotate()
    outlet.write([b"new\n"], NEVER)
    outlet.close()
    assert contents(tmp_path) == {"g.log": "new\n" if gone else "theirs\nnew\n", "g.log.1": "old\n"}


def test_links_are_not_renamed(tmp_path: Path) -> None:
    """What stands under the path is a link, such as /dev/stdout: it stays."""
    (tmp_path / "g.log").symlink_to(tmp_path / "real")
    outlet = opened(tmp_path / "g.log", rotated_at=5)
    for _ in range(3):
        outlet.write([b"12345678\n"], NEVER)
    outlet.rotate()
    outlet.close()
    assert (tmp_path / "g.log").is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"g.log", "real"}


def test_a_file_that_others_rotate(tmp_path: Path) -> None:
    """It grows as it likes."""
    outlet = FileOutlet(str(tmp_path / "g.log"), 1.0, None)
    outlet.open()
    outlet.write([b"x" * 2_000_000 + b"\n"], NEVER)
    outlet.write([b"y\n"], NEVER)
    outlet.close()
    assert [path.name for path in tmp_path.iterdir()] == ["g.log"]


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    """It goes on with the file it has, and says why."""
    folder = tmp_path / "logs"
    folder.mkdir()
    outlet = opened(folder / "g.log")
    os.rename(folder, tmp_path / "moved")
    outlet.rotate()
    assert outlet.cause == "cannot reopen: No such file or directory"
    assert outlet.write([b"still\n"], NEVER) == 0
    outlet.close()
    assert contents(tmp_path / "moved") == {"g.log": "still\n"}


def test_lines_before_the_start_and_a_reader_that_sleeps() -> None:
    """Without a thread a full pipe costs lines, not the process."""
    from gatewayd.telemetry.sinks import DescriptorSink

    reader, writer = os.pipe()
    sink = DescriptorSink(lambda: writer, shared=True, patience=0.01)
    sink._writer._outlet.open()
    for _ in range(100):
        sink.write(b"x" * 4095 + b"\n")
    assert sink.losses().failed > 50
    os.close(reader)
    os.close(writer)
