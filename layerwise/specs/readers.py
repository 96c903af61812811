"""Layouts of corpora on disk."""

from layerwise.options.readers import LibrispeechOptions, SlurpOptions
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
        files="layerwise.corpus.librispeech:librispeech_files",
        published="layerwise.corpus.librispeech:published_counts",
        options=LibrispeechOptions,
        section="librispeech",
        guide="LibriSpeech is at https://www.openslr.org/12; `download` fetches most of it",
    ),
    ReaderSpec(
        name="fluent-speech-commands",
        title="Fluent Speech Commands",
        code="layerwise.corpus.fluent:read_fluent",
        files="layerwise.corpus.fluent:fluent_files",
        published="layerwise.corpus.fluent:published_counts",
        guide="Fluent Speech Commands is handed out for a form at "
        "https://fluent.ai/fluent-speech-commands-a-dataset-for-spoken-language-understanding-research/; "
        "unpack it so that data/train_data.csv and wavs/speakers/ lie in `path`",
    ),
    ReaderSpec(
        name="slurp",
        title="SLURP",
        code="layerwise.corpus.slurp:read_slurp",
        files="layerwise.corpus.slurp:slurp_files",
        published="layerwise.corpus.slurp:published_counts",
        options=SlurpOptions,
        section="slurp",
        guide="`download: [slurp-annotations, slurp-real]` fetches it; or clone "
        "https://github.com/pswietojanski/slurp to `path` and run its scripts/download_audio.sh there "
        "(https://zenodo.org/records/4274930), so that dataset/slurp/train.jsonl and audio/slurp_real/ lie "
        "in `path`",
    ),
)
