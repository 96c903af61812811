import io
import logging
import sys

import pytest

from layerwise.progress import progress


def test_a_log_line_for_each_tenth(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), progress("Encoding", 40, unit="files") as advance:
        for _ in range(40):
            advance(1)
    assert [record.getMessage() for record in caplog.records] == [
        f"Encoding: {done} of 40 files" for done in range(4, 41, 4)
    ]


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with caplog.at_level(logging.INFO), progress("Encoding", 2) as advance:
        advance(1)
        advance(1)
    assert "Encoding" in terminal.getvalue() and "100%" in terminal.getvalue()
    assert not caplog.records
