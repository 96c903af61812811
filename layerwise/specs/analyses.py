"""Layer-wise analyses."""

from layerwise.options.mutual_information import MutualInformationOptions
from layerwise.options.vectors import VectorsOptions, VectorTarget
from layerwise.specs.spec import AnalysisSpec

ANALYSES = (
    AnalysisSpec(
        name="cca-intra",
        title="CCA-intra (input to the first block)",
        method="with the input of the first block (CCA-intra)",
        code="layerwise.analyses.intra:INTRA",
        unit="frame",
        takes_given=True,
        of_logmel=False,
        own_reference=True,
        reference="T0",
    ),
    AnalysisSpec(
        name="cca-intra-conv",
        title="CCA-intra-conv (last conv layer)",
        method="with the output of the last conv layer (CCA-intra-conv)",
        code="layerwise.analyses.intra:INTRA_CONV",
        unit="frame",
        takes_given=True,
        of_logmel=False,
        own_reference=True,
    ),
    AnalysisSpec(
        name="cca-mel",
        title="CCA-mel (log-mel spectrogram)",
        method="with the log-mel spectrogram of the same frames (CCA-mel)",
        code="layerwise.analyses.mel:MEL",
        unit="frame",
        takes_given=True,
        needs=frozenset({"logmel"}),
        of_logmel=False,
    ),
    AnalysisSpec(
        name="cca-phone",
        title="CCA-phone (phone identity)",
        method="with one-hot phone labels (CCA-phone)",
        code="layerwise.analyses.labels:PHONE",
        unit="phone",
        needs=frozenset({"intervals"}),
        takes_given=True,
    ),
    AnalysisSpec(
        name="cca-word",
        title="CCA-word (word identity)",
        method="with one-hot word labels (CCA-word)",
        code="layerwise.analyses.labels:WORD",
        unit="word",
        takes_given=True,
    ),
    AnalysisSpec(
        name="cca-phone-previous",
        title="CCA-phone-previous (the phone before)",
        method="with one-hot labels of the phone before (CCA-phone-previous)",
        code="layerwise.analyses.neighbours:PREVIOUS",
        unit="phone",
        needs=frozenset({"intervals"}),
        takes_given=True,
        splits=("utterance", "type"),
    ),
    AnalysisSpec(
        name="cca-phone-next",
        title="CCA-phone-next (the phone after)",
        method="with one-hot labels of the phone after (CCA-phone-next)",
        code="layerwise.analyses.neighbours:NEXT",
        unit="phone",
        needs=frozenset({"intervals"}),
        takes_given=True,
        splits=("utterance", "type"),
    ),
    AnalysisSpec(
        name="cca-f0",
        title="CCA-f0 (fundamental frequency)",
        method="with the logarithm of F0 of voiced frames (CCA-f0)",
        code="layerwise.analyses.prosody:F0",
        unit="frame",
        needs=frozenset({"prosody"}),
        takes_given=True,
    ),
    AnalysisSpec(
        name="cca-energy",
        title="CCA-energy (energy)",
        method="with the energy of the same frames in dB (CCA-energy)",
        code="layerwise.analyses.prosody:DECIBELS",
        unit="frame",
        needs=frozenset({"prosody"}),
        takes_given=True,
    ),
    AnalysisSpec(
        name="cca-speaker",
        title="CCA-speaker (speaker identity)",
        method="with one-hot speaker labels of utterance means (CCA-speaker)",
        code="layerwise.analyses.speaker:SPEAKER",
        unit="utterance",
        needs=frozenset({"speakers"}),
    ),
    AnalysisSpec(
        name="mi-phone",
        title="MI-phone (phone identity)",
        method="MI-phone with phone labels",
        code="layerwise.measures.clusters:MI_PHONE",
        unit="phone",
        measure="Normalised MI",
        options=MutualInformationOptions,
        section="mutual_information",
    ),
    AnalysisSpec(
        name="mi-word",
        title="MI-word (word identity)",
        method="MI-word with word labels",
        code="layerwise.measures.clusters:MI_WORD",
        unit="word",
        measure="Normalised MI",
        options=MutualInformationOptions,
        section="mutual_information",
    ),
)

# Names that the literature uses; any other name may be configured and stands for itself.
VECTOR_TITLES = {
    "cca-glove": "CCA-glove (GloVe word vectors)",
    "cca-agwe": "CCA-agwe (acoustic word embeddings)",
    "cca-semantic": "CCA-semantic (semantic attributes)",
    "cca-syntactic": "CCA-syntactic (syntactic attributes)",
    "cca-features": "CCA-features (articulatory features)",
}


def vector_analysis(name: str, options: VectorTarget) -> AnalysisSpec:
    """Return the spec of the analysis that an entry of `vectors:` makes."""
    return AnalysisSpec(
        name=name,
        title=VECTOR_TITLES.get(name, name),
        method=f"with the vector of each {options.unit} ({name})",
        code="layerwise.analyses.vectors:VECTORS",
        unit=options.unit,
        needs=frozenset({"vectors"}),
        options=VectorsOptions,
        section="vectors",
        takes_given=True,
        splits=("utterance", "type"),
        split=options.split,
    )
