"""Which columns of a Hugging Face data set are what, and its utterances from them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from layerwise.contracts.corpus import MANIFEST
from layerwise.corpus.embedded import cell_path, in_a_line, open_table
from layerwise.corpus.entries import Entry
from layerwise.errors import CorpusError

# Names of columns as the data sets of the hub have them.
TEXTS = (
    *("text", "sentence", "transcription", "transcript", "utterance", "normalized_text", "text_normalized"),
    *("normalized_transcription", "normalized_transcript", "transcripts", "raw_sentence"),
)
SPEAKERS = ("speaker_id", "speaker", "client_id", "spk_id", "speaker_name", "spkr_id", "user_id", "reader_id")
IDS = ("utt_id", "utterance_id", "id", "segment_id", "uid", "audio_id", "file_id")
CANDIDATES = {"text": TEXTS, "speaker": SPEAKERS}


@dataclass(frozen=True)
class Chosen:
    """Columns by what they are; None: detected."""

    audio: str | None = None
    text: str | None = None
    speaker: str | None = None
    id: str | None = None


@dataclass(frozen=True)
class Row:
    """An utterance before it has an id; ``names`` are those that may be one, by where they come from."""

    audio_path: Path
    split: str | None
    text: str
    speaker: str
    labels: Mapping[str, str]
    names: Mapping[str, str]
    fault: str = ""


def table_rows(file: Path, split: str | None, name: str, first: int, chosen: Chosen) -> list[Row]:
    """Return the utterances of a Parquet or Arrow file; the audio itself is not read.

    ``name`` and ``first`` make names of rows: that of the split, and how many of its rows came before. Raises
    CorpusError, naming the file: truncated, or a column that is missing or may be one of several.
    """
    import pyarrow as pa

    opened = open_table(file)
    schema = opened.schema if isinstance(opened, pa.Table) else opened.schema_arrow
    features = _features(schema)
    audio = _audio_column(file, schema, features, chosen.audio)
    scalars = [field.name for field in schema if field.name != audio and _is_scalar(field.type)]
    columns = pick_columns(file, scalars, chosen)
    try:
        cells, paths = _columns(opened, scalars, audio)
    except Exception as error:  # the reader of a damaged file raises what it likes
        raise CorpusError(f"{file}: damaged: {in_a_line(error)}; download or save it again") from error
    shown = [_shown(cells[column], features.get(column)) for column in scalars]
    rows = []
    for number, values in enumerate(zip(*shown, strict=True) if shown else [()] * len(paths)):
        named = dict(zip(scalars, values, strict=True))
        rows.append(
            make_row(
                cell_path(file, audio, number),
                split,
                named,
                columns,
                {
                    "path": PurePosixPath(paths[number] or "").stem,
                    "row": f"{name or 'row'}-{first + number:06d}",
                },
            )
        )
    return rows


def pick_columns(file: Path, names: Sequence[str], chosen: Chosen) -> dict[str, str | None]:
    """Return the columns of text, speaker and id; the last two may be None.

    Raises CorpusError: a column that is not there, no known one of texts, or several.
    """
    found: dict[str, str | None] = {"id": chosen.id}
    for what, candidates in CANDIDATES.items():
        found[what] = getattr(chosen, what)
        known = [name for name in candidates if name in names]
        if found[what] is None and len(known) > 1:
            raise CorpusError(
                f"{file}: columns {', '.join(map(repr, known))} may all be the {what}; say which with "
                f"`hugging_face.{what}`"
            )
        if found[what] is None and known:
            found[what] = known[0]
    for what, column in found.items():
        if column is not None and column not in names:
            raise CorpusError(
                f"{file}: no column {column!r} (`hugging_face.{what}`) among {', '.join(names) or 'none'}"
            )
    if found["text"] is None:
        raise CorpusError(
            f"{file}: no column of texts is known among {', '.join(names) or 'none'}; name it with "
            "`hugging_face.text`"
        )
    return found


def make_row(
    audio_path: Path,
    split: str | None,
    values: Mapping[str, str],
    columns: Mapping[str, str | None],
    names: Mapping[str, str],
    fault: str = "",
) -> Row:
    """Return the utterance of the values of a row."""
    own = {column for column in columns.values() if column}
    given = [columns["id"]] if columns["id"] else [name for name in IDS if name in values]
    return Row(
        audio_path,
        split,
        values[columns["text"] or ""],
        values[columns["speaker"]] if columns["speaker"] else "",
        {name: value for name, value in values.items() if name not in own and name not in MANIFEST.required},
        {name: values[name] for name in given} | ({} if columns["id"] else dict(names)),
        fault,
    )


def entries_of(rows: Sequence[Row]) -> list[Entry]:
    """Return utterances with their ids: the first kind of name that is one for each, and fit for a file."""
    sound = [row for row in rows if not row.fault]
    kinds = list(dict.fromkeys(kind for row in sound for kind in row.names))
    kind = next((kind for kind in kinds if _usable([row.names.get(kind, "") for row in sound])), None)
    if kind is None and kinds:
        kind = kinds[0]  # the manifest says what is wrong with it
    return [
        Entry(
            utt_id=row.names.get(kind or "") or list(row.names.values())[-1],
            speaker=row.speaker,
            split=row.split,
            audio_path=row.audio_path,
            text=row.text,
            labels={name: value for name, value in row.labels.items() if name != kind},
            fault=row.fault,
        )
        for row in rows
    ]


def _usable(names: Sequence[str]) -> bool:
    fit = all(
        name.strip() == name != "" and name[0] != "." and not set(name) & set("/\\\0") for name in names
    )
    return fit and max(Counter(names).values(), default=0) == 1


def _audio_column(file: Path, schema: Any, features: Mapping[str, Any], chosen: str | None) -> str:
    if chosen is not None and chosen not in schema.names:
        raise CorpusError(
            f"{file}: no column {chosen!r} (`hugging_face.audio`); there are {', '.join(schema.names)}"
        )
    found = [chosen] if chosen else [field.name for field in schema if _is_audio(field, features)]
    if len(found) != 1:
        fault = "several columns" if found else "no column"
        raise CorpusError(
            f"{file}: {fault} of audio ({', '.join(found or schema.names)}); name it with "
            "`hugging_face.audio`"
        )
    kind = schema.field(found[0]).type
    if "array" in _members(kind):
        raise CorpusError(
            f"{file}: column {found[0]!r} holds decoded samples, not sound files; cast it with "
            "`cast_column` to `Audio()` and save it again"
        )
    if "/" in found[0] or found[0] in (".", ".."):
        raise CorpusError(f"{file}: column {found[0]!r} cannot be part of a path; rename it")
    return found[0]


def _is_audio(field: Any, features: Mapping[str, Any]) -> bool:
    feature = features.get(field.name)
    named = isinstance(feature, dict) and feature.get("_type") == "Audio"
    return named or {"path"} < _members(field.type) <= {"bytes", "path", "array", "sampling_rate"}


def _members(kind: Any) -> set[str]:
    import pyarrow as pa

    return (
        {kind.field(number).name for number in range(kind.num_fields)} if pa.types.is_struct(kind) else set()
    )


def _is_scalar(kind: Any) -> bool:
    import pyarrow as pa

    is_text = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(check(inner) for check in (*is_text, *numbers))


def _features(schema: Any) -> dict[str, Any]:
    """What `datasets` says of the columns, in the schema's own notes."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    return features if isinstance(features, dict) else {}


def _columns(
    opened: Any, scalars: Sequence[str], audio: str
) -> tuple[dict[str, list[Any]], list[str | None]]:
    """Values of the scalar columns, and the paths that the audio column gives."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(opened, pa.Table):
        column = opened.column(audio)
        has_path = "path" in _members(column.type)
        paths = pc.struct_field(column, "path") if has_path else column
        cells = {name: opened.column(name).to_pylist() for name in scalars}
    else:
        kind = opened.schema_arrow.field(audio).type
        has_path = "path" in _members(kind)
        table = opened.read(columns=[*scalars, f"{audio}.path" if has_path else audio])
        paths = pc.struct_field(table.column(audio), "path") if has_path else table.column(audio)
        cells = {name: table.column(name).to_pylist() for name in scalars}
    values = paths.to_pylist() if _is_scalar(paths.type) else [None] * len(paths)
    return cells, values


def _shown(values: Sequence[Any], feature: Any) -> list[str]:
    """Values as text: names of classes for their numbers (-1: none), an empty text for none."""
    classes = feature if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" else {}
    if names := classes.get("names"):
        return [names[value] if value is not None and 0 <= value < len(names) else "" for value in values]
    return ["" if value is None else str(value) for value in values]
