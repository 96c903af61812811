"""Layouts of corpora on disk."""

from layerwise.specs.spec import ReaderSpec

READERS = (
    ReaderSpec(
        name="table",
        title="TSV, CSV or Parquet table with one utterance a row",
        code="layerwise.corpus.table:read_table",
        files="layerwise.corpus.table:table_files",
    ),
    ReaderSpec(
        name="folder",
        title="audio files with .lab or .txt beside them, one folder per speaker",
        code="layerwise.corpus.folder:read_folder",
        files="layerwise.corpus.folder:folder_files",
    ),
    ReaderSpec(
        name="librispeech",
        title="LibriSpeech's layout",
        code="layerwise.corpus.librispeech:read_librispeech",
        files="layerwise.corpus.folder:folder_files",
    ),
)
