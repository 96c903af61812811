"""What the corpus holds: manifest, exclusions, warnings."""

from layerwise.contracts.columns import REASON, SPEAKER, SPLIT, UTT_ID
from layerwise.contracts.spec import Column, Table, count, number
from layerwise.errors import CorpusError

AUDIO_PATH = Column("audio_path", about="file of the audio")

MANIFEST = Table(
    path="corpus/manifest.parquet",
    made_by="manifest",
    error=CorpusError,
    columns=(
        *(UTT_ID, SPEAKER, SPLIT, AUDIO_PATH),
        count("samples", 1, about="length of the audio in samples"),
        count("sample_rate", 1, about="sampling rate of the file in Hz"),
        Column("text", about="transcript, normalised: lower case, words separated by one space"),
        Column("sha256", about="SHA-256 of the audio file"),
    ),
    key=("utt_id",),
    more=Column(
        "...", empty=True, about="labels that the corpus gives, by their own names; empty where it gives none"
    ),
    about="a usable utterance",
)
EXCLUDED = Table(
    path="corpus/excluded.csv",
    made_by="manifest",
    error=CorpusError,
    columns=(UTT_ID, AUDIO_PATH, REASON),
    key=("utt_id",),
    may_be_empty=True,
    about="an utterance of the corpus that cannot be used",
)
WARNINGS = Table(
    path="corpus/warnings.csv",
    made_by="manifest",
    error=CorpusError,
    columns=(UTT_ID, AUDIO_PATH, Column("warning", about="what it is")),
    key=("utt_id", "warning"),
    may_be_empty=True,
    about="something to beware of in an utterance that is used",
)
SPLIT_COUNTS = Table(
    path="corpus/splits.csv",
    made_by="manifest",
    error=CorpusError,
    columns=(
        SPLIT,
        count("utterances", about="utterances that can be used"),
        count("speakers", about="their speakers"),
        number("seconds", 0, about="their length, in seconds"),
        count("shared_speakers", about="speakers that are in another split too"),
        number(
            "listed", 0, empty=True, about="utterances that the corpus lists; empty where splits are drawn"
        ),
        number("published", 0, empty=True, about="utterances of the published corpus; empty where unknown"),
        Column("caution", empty=True, about="what to beware of; empty where there is nothing"),
    ),
    key=("split",),
    about="a split of a corpus",
)
SELECTION = Table(
    path="samples/selection.parquet",
    made_by="selection",
    error=CorpusError,
    columns=tuple(
        column
        for column in MANIFEST.columns
        if column.name in {"utt_id", "audio_path", "samples", "sample_rate", "sha256"}
    ),
    key=("utt_id",),
    about="an utterance that is encoded, as the manifest has it: those of the samples; with tasks, all",
)
