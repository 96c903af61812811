"""Audio inside tables: cells of Parquet and Arrow files that hold a sound file.

``data/train-00000-of-00002.parquet/audio/17`` names row 17 (from 0) of the column ``audio``. Nothing is
unpacked: Arrow is mapped into memory, and of Parquet the row group is decoded that holds the row.
"""

from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from layerwise.errors import AudioError, CorpusError
from layerwise.files import is_lfs_pointer

PARQUET, ARROW = ".parquet", ".arrow"
TABLES = (PARQUET, ARROW)
ARROW_FILE = b"ARROW1"  # starts Arrow's file format; its streams, which `datasets` writes, have no such mark
BATCH_ROWS = 64  # one piece must stay below 2 GB
KEPT_GROUPS = 4

Stamp = tuple[int, int]  # when a file was written, and its size: what is kept of it belongs to that


class EmbeddedAudio(NamedTuple):
    """The bytes of a sound file, and its name where the table gives one."""

    content: bytes
    name: str


def cell_path(table: Path, column: str, row: int) -> Path:
    """Return the path that names a cell: ``table/column/row``."""
    return table / column / str(row)


def embedded_audio(path: Path) -> EmbeddedAudio | None:
    """Return what the cell holds that a path names, or None for a path of another kind.

    A cell is ``{bytes, path}``, as `datasets` writes it, bytes, or a path; a path (absolute, or relative to
    the table's folder) is read where there are no bytes. Raises AudioError: a damaged or empty cell.
    """
    if len(path.parts) < 3 or not path.name.isdecimal():
        return None
    table, column, row = path.parents[1], path.parent.name, int(path.name)
    if table.suffix.lower() not in TABLES or not table.is_file():
        return None
    try:
        cell = _cell(table, column, row)
    except Exception as error:  # whatever the reader of a damaged table raises
        raise AudioError(
            f"{path}: damaged table: {type(error).__name__}: {in_a_line(error)}; download {table.name} again"
        ) from error
    content, name = (cell.get("bytes"), cell.get("path")) if isinstance(cell, dict) else (cell, None)
    if isinstance(content, str):
        content, name = None, content
    if content is not None:
        return EmbeddedAudio(content, name or "")
    if not name:
        raise AudioError(f"{path}: neither bytes nor a path in this row; leave it out")
    file = table.parent / name
    if not file.is_file():
        raise AudioError(
            f"{path}: no bytes, and its file {name!r} is not there; save the dataset with its audio "
            "(`save_to_disk`), or put the file there"
        )
    return EmbeddedAudio(file.read_bytes(), name)


def open_table(path: Path) -> Any:
    """Return a `pyarrow.parquet.ParquetFile`, or the `pyarrow.Table` of an Arrow file, mapped into memory.

    Raises CorpusError, naming the file: a pointer of git-lfs, truncated, or no such table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with path.open("rb") as stream:
        start = stream.read(len(ARROW_FILE))
    if is_lfs_pointer(path):
        raise CorpusError(f"{path}: a pointer of git-lfs, not the data; run `git lfs pull` in its repository")
    try:
        if path.suffix.lower() == PARQUET:
            opened = pq.ParquetFile(path, memory_map=True)
            _ = opened.schema_arrow.names  # text of a damaged file may be none
            return opened
        mapped = pa.memory_map(str(path))
        read = pa.ipc.open_file if start.startswith(ARROW_FILE) else pa.ipc.open_stream
        table = read(mapped).read_all()
        table.validate(full=True)  # nothing else checks what offsets of a damaged file point at
        return table
    except Exception as error:  # the reader of a damaged file raises what it likes
        raise CorpusError(
            f"{path}: truncated, or no {path.suffix[1:].title()} file: {in_a_line(error)}; download or save "
            "it again"
        ) from error


def in_a_line(error: BaseException) -> str:
    """What an error of pyarrow says, without its line breaks."""
    return " ".join(str(error).split())


def _cell(table: Path, column: str, row: int) -> Any:
    status = table.stat()
    stamp = (status.st_mtime_ns, status.st_size)
    if table.suffix.lower() == ARROW:
        return _arrow_column(table, stamp, column)[row].as_py()
    starts = _group_starts(table, stamp)
    group = bisect_right(starts, row) - 1
    return _row_group(table, stamp, column, group)[row - starts[group]].as_py()


@lru_cache(maxsize=256)
def _arrow_column(table: Path, stamp: Stamp, column: str) -> Any:
    return open_table(table).column(column)


@lru_cache(maxsize=4096)
def _group_starts(table: Path, stamp: Stamp) -> tuple[int, ...]:
    """First row of each row group, and the number of rows."""
    footer = open_table(table).metadata
    return tuple(
        accumulate((footer.row_group(number).num_rows for number in range(footer.num_row_groups)), initial=0)
    )


@lru_cache(maxsize=KEPT_GROUPS)
def _row_group(table: Path, stamp: Stamp, column: str, group: int) -> Any:
    import pyarrow as pa

    batches = open_table(table).iter_batches(BATCH_ROWS, row_groups=[group], columns=[column])
    return pa.chunked_array([batch.column(0) for batch in batches])
