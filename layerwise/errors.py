"""Named errors. Each message says what is wrong, where, and what to do about it."""


class LayerwiseError(Exception):
    """Base class of every error that a user can act on."""


class ConfigError(LayerwiseError):
    """A key or value of the run configuration is wrong."""


class CorpusError(LayerwiseError):
    """A corpus, manifest or transcript cannot be used."""


class AudioError(CorpusError):
    """An audio file is missing, empty, broken or too short."""


class DownloadError(LayerwiseError):
    """A file or model cannot be downloaded, or is not the one that was asked for."""


class AlignmentError(LayerwiseError):
    """Forced alignment failed, or an interval table is inconsistent."""


class ModelError(LayerwiseError):
    """A model cannot be found, loaded or run."""


class StoreError(LayerwiseError):
    """A feature store is missing, incomplete or corrupted."""


class LineageError(LayerwiseError):
    """Code, an input or an artifact is not what a result is said to be made from."""


class RunningError(LayerwiseError):
    """Another process works on the same run, or this job's own run has ended."""


class AnalysisError(LayerwiseError):
    """A layer-wise analysis cannot be computed from the data at hand."""


class InfeasibleError(AnalysisError):
    """An analysis cannot be run on this corpus or model: it is reported, and the run goes on without it."""


class TaskError(LayerwiseError):
    """A downstream task cannot be trained or scored."""


class ReportError(LayerwiseError):
    """A figure, table or report cannot be made from the results at hand."""
