"""Models of the Hugging Face hub: fetched once, pinned to a commit, checked against the hub's checksums."""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

from layerwise.errors import DownloadError
from layerwise.files import sha256_file
from layerwise.specs.cards import CARD, licence_of_card
from layerwise.specs.checkpoints import model_type
from layerwise.specs.parts import INDEX, PARTS, index_of, weights_of

# transformers 5 may keep what was in the second in the third
CONFIGS = ("config.json", "preprocessor_config.json", "processor_config.json")
# as transformers prefers them: the second only where a repository has none of the first
WEIGHTS = (
    ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json"),
    ("pytorch_model.bin", "pytorch_model-*.bin", "pytorch_model.bin.index.json"),
)
COMMIT = re.compile(r"[0-9a-f]{40}")


def is_commit(revision: str | None) -> bool:
    """Whether a revision is a full commit hash, which names the same files for ever."""
    return bool(revision and COMMIT.fullmatch(revision))


def pinned_revision(record: Path | str) -> str:
    """Commit in a record that ``fetch_model`` made."""
    return str(json.loads(Path(record).read_text(encoding="utf-8"))["commit"])


def fetch_model(name: str, revision: str | None = None, *, weights: bool = True) -> dict[str, object]:
    """Bring the files of a model that layerwise needs into the local hub cache and describe them.

    Files that are there already are not fetched again; without network, or with HF_HUB_OFFLINE=1, the cache
    alone is used. Of a model of which a part is read (`layerwise.specs.parts`), only shards that hold some of
    it are fetched. Returns source, revision (as asked), commit (as resolved), model_type, licence (of its
    card, or empty) and files, name to size in bytes and SHA-256. ``weights=False`` leaves the weights out: a
    random-initialised twin needs none.
    Raises DownloadError: no such model or revision, neither network nor cache, or a damaged file.
    """
    folder = _snapshot(name, revision, (*CONFIGS, CARD))
    files = _present(folder, CONFIGS)
    kind = model_type(folder)
    if weights:
        shards = _shards(name, folder.name, PARTS[kind]) if kind in PARTS else []
        files += shards or _weights(name, folder.name)
    return {
        "source": name,
        "revision": revision,
        "commit": folder.name,
        "model_type": kind,
        "licence": licence_of_card(folder / CARD),
        "files": {file.name: _checked(file) for file in files},
    }


def _weights(name: str, commit: str) -> list[Path]:
    for patterns in WEIGHTS:
        if files := _present(_snapshot(name, commit, patterns), patterns):
            return files
    raise DownloadError(
        f"model {name!r}: holds no weights for PyTorch (model.safetensors or pytorch_model.bin); "
        "name another model or revision"
    )


def _shards(name: str, commit: str, part: str) -> list[Path]:
    """Fetch the index of a model in shards and those that hold a part of it; nothing of other models."""
    folder = _snapshot(name, commit, (INDEX,))
    names = index_of(folder / INDEX)
    if names is None:
        return []
    wanted = (INDEX, *sorted(set(weights_of(names, part).values())))
    return _present(_snapshot(name, commit, wanted), wanted)


def _present(folder: Path, patterns: Iterable[str]) -> list[Path]:
    return sorted(file for pattern in patterns for file in folder.glob(pattern))


def _snapshot(name: str, revision: str | None, patterns: Iterable[str]) -> Path:
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    at = f" at revision {revision!r}" if revision else ""
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=[*patterns]))
    except RepositoryNotFoundError as error:  # gated ones too
        raise DownloadError(
            f"model {name!r}: no local folder, and the hub has no such model or wants a login "
            "(`hf auth login`); correct `source:`"
        ) from error
    except RevisionNotFoundError as error:
        raise DownloadError(f"model {name!r}: the hub has no revision {revision!r}; correct it") from error
    except Exception as error:  # errors of the hub's HTTP library, whose names change with its version
        cause = (str(error).strip() or type(error).__name__).splitlines()[0]
        local = f"data/models/{name.rpartition('/')[2]}"
        raise DownloadError(
            f"model {name!r}{at}: not whole in the hub cache {constants.HF_HUB_CACHE}, and the hub did not "
            f"deliver it: {cause} Where there is network run `hf download {name} --local-dir {local}`, copy "
            f"that folder here and set `source: {local}`; or copy the cache folder"
        ) from error


def _checked(file: Path) -> dict[str, object]:
    """Size and SHA-256 of a file in the cache, after checking it against the checksum that the hub gave."""
    blob = file.resolve()
    sha256, size = sha256_file(blob), blob.stat().st_size
    # The cache names large files by their SHA-256, small ones by their git blob id.
    if re.fullmatch(r"[0-9a-f]{64}", blob.name):
        actual = sha256
    elif COMMIT.fullmatch(blob.name):
        actual = hashlib.sha1(b"blob %d\0" % size + blob.read_bytes()).hexdigest()
    else:
        actual = blob.name
    if actual != blob.name:
        raise DownloadError(
            f"{file}: damaged: its checksum is {actual} instead of {blob.name}; delete {blob}"
        )
    return {"bytes": size, "sha256": sha256}
