"""Whether features of tasks are stored or live, and stores of a few layers or of means alone."""

import logging
from pathlib import Path

import pytest

from layerwise.errors import StoreError
from layerwise.features.choice import Kind, Stored, choose_stored, read_stored, write_stored

SIZES: dict[Kind, int] = {"frames": 3_000_000_000, "means": 1_000_000_000}


@pytest.mark.parametrize(
    ("wishes", "disk_gb", "frames", "means"),
    [
        ({}, 50, False, False),
        ({"frames": "auto"}, 3, True, False),
        ({"frames": "auto"}, 2.9, False, False),
        ({"frames": "auto", "means": "auto"}, 4, True, True),
        ({"frames": "auto", "means": "auto"}, 3.9, False, True),
        ({"frames": "stored", "means": "auto"}, 0.5, True, False),
        ({"frames": "live", "means": "stored"}, 0.5, False, True),
    ],
)
def test_what_fits_the_disk_is_stored(wishes, disk_gb, frames, means) -> None:
    assert choose_stored(wishes, SIZES, disk_gb) == Stored(frames, means, {"frames": 3.0, "means": 1.0})


def test_the_log_says_what_was_chosen_and_why(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    choose_stored({"frames": "auto", "means": "auto"}, SIZES, 2)
    assert caplog.messages == [
        "means of the tasks' utterances: 1 GB: stored (downstream.disk_gb: 2)",
        "frames of the tasks' utterances: 3 GB: more than downstream.disk_gb: 2 allows; tasks encode live",
    ]


def test_a_task_reads_what_is_there_unless_it_asks_for_live(tmp_path: Path) -> None:
    write_stored(Stored(False, True, {"frames": 3.0, "means": 1.0}), tmp_path / "a.stored.json")
    stored = read_stored(tmp_path / "a.stored.json")
    assert [stored.mode(pooled, "auto") for pooled in (True, False)] == ["stored", "live"]
    assert stored.mode(True, "live") == "live"
    (tmp_path / "a.stored.json").write_text("{}")
    with pytest.raises(StoreError, match=r"a\.stored\.json: does not say what is stored"):
        read_stored(tmp_path / "a.stored.json")
