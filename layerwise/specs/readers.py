"""Layouts of corpora on disk."""

from layerwise.options.readers import HuggingFaceOptions, LibrispeechOptions, SlurpOptions, VctkOptions
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
        licence="CC-BY-4.0",
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
        licence="CC-BY-4.0 (text and annotations), CC-BY-NC-4.0 (recordings)",
        guide="`download: [slurp-annotations, slurp-real]` fetches it; or clone "
        "https://github.com/pswietojanski/slurp to `path` and run its scripts/download_audio.sh there "
        "(https://zenodo.org/records/4274930), so that dataset/slurp/train.jsonl and audio/slurp_real/ lie "
        "in `path`",
    ),
    ReaderSpec(
        name="timit",
        title="TIMIT as the LDC ships it",
        code="layerwise.corpus.timit:read_timit",
        files="layerwise.corpus.timit:timit_files",
        licence="user agreement of the LDC",
        guide="TIMIT is LDC93S1 of the Linguistic Data Consortium; `path` is the folder of TRAIN and TEST",
    ),
    ReaderSpec(
        name="libritts",
        title="LibriTTS's layout",
        code="layerwise.corpus.libritts:read_libritts",
        files="layerwise.corpus.libritts:libritts_files",
        licence="CC-BY-4.0",
        guide="LibriTTS is at https://www.openslr.org/60, LibriTTS-R at https://www.openslr.org/141",
    ),
    ReaderSpec(
        name="vctk",
        title="the VCTK corpus",
        code="layerwise.corpus.vctk:read_vctk",
        files="layerwise.corpus.vctk:vctk_files",
        options=VctkOptions,
        section="vctk",
        guide="VCTK is at https://doi.org/10.7488/ds/2645; `path` is the folder that holds txt and wav48*",
    ),
    ReaderSpec(
        name="common-voice",
        title="one language of Common Voice",
        code="layerwise.corpus.common_voice:read_common_voice",
        files="layerwise.corpus.common_voice:common_voice_files",
        licence="CC0-1.0",
        guide="Common Voice is handed out at https://commonvoice.mozilla.org/datasets; `path` is the folder "
        "of one language, with validated.tsv and clips",
    ),
    ReaderSpec(
        name="hugging-face",
        title="a data set of Hugging Face",
        code="layerwise.corpus.hugging_face:read_hugging_face",
        files="layerwise.corpus.hugging_face:hugging_face_files",
        options=HuggingFaceOptions,
        section="hugging_face",
        guide="`path` is a folder of `save_to_disk`, one configuration of a data set that `hf download "
        "--repo-type dataset` fetched, or an audiofolder with metadata.csv",
    ),
)
