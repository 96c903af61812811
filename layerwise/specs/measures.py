"""Yardsticks of a layer beside the analyses."""

from layerwise.options.abx import AbxOptions
from layerwise.options.probes import ProbesOptions
from layerwise.options.units import UnitsOptions
from layerwise.options.word_map import WordMapOptions
from layerwise.specs.spec import MeasureSpec

UNIT_VARIANTS = tuple(
    (f"{name}-{size}", f"{title} ({size} units)")
    for size in (256, 500)
    for name, title in (
        ("pnmi", "PNMI"),
        ("chance", "PNMI of shifted phones"),
        ("phone-purity", "phone purity"),
        ("cluster-purity", "cluster purity"),
        ("unit-error", "phone error rate of units, lower is better"),
        ("bitrate", "bits per second"),
    )
)
PROBE_VARIANTS = tuple(
    (f"{target}-{name}", f"{title} ({target}s)")
    for target in ("phone", "word")
    for name, title in (
        ("accuracy", "accuracy of the nearest class mean"),
        ("r2", "held-out R2 of ridge regression"),
        ("compression", "compression by online coding"),
    )
)

MEASURES = (
    MeasureSpec(
        name="abx",
        title="ABX",
        method="ABX error is the share of triplets of tokens A, B and X in which X, of the category of A, is "
        "nearer to B: angles between frames, dynamic time warping, averages over cells without weights, by "
        "the conventions of fastabx",
        code="layerwise.measures.abx_measure:ABX",
        options=AbxOptions,
        section="abx",
        quantity="ABX error (%)",
        unit="phone",
        variants=(
            ("triphone-within", "triphones, within speakers"),
            ("triphone-across", "triphones, across speakers"),
            ("phone-within", "phones in context, within speakers"),
            ("phone-across", "phones in context, across speakers"),
            ("phone-any-within", "phones in any context, within speakers"),
            ("phone-any-across", "phones in any context, across speakers"),
            ("speaker", "speakers, by triphone"),
            ("triphone-within-pooled", "means of triphones, within speakers"),
            ("triphone-across-pooled", "means of triphones, across speakers"),
        ),
        headline="triphone-within",
        higher_is_better=False,
        floor=0.5,
        source="Schatz 2016; Poli, Chemla and Dupoux 2025, arXiv 2505.02692",
    ),
    MeasureSpec(
        name="word-map",
        title="Word MAP",
        method="word MAP is the mean over word tokens of the average precision with which the cosine of "
        "mean frames finds the other tokens of the word, among all speakers",
        code="layerwise.measures.word_measure:WORD_MAP",
        options=WordMapOptions,
        section="word_map",
        quantity="Word MAP",
        unit="word",
        variants=(
            ("equation3", "MAP@R of words (equation 3 of Musgrave et al. 2020)"),
            ("tool", "MAP of words (as speech-map sums it)"),
            ("word-neighbour", "nearest neighbour is the same word"),
            ("speaker-neighbour", "nearest neighbour is of the same speaker"),
        ),
        headline="equation3",
        floor=0.0,
        source="Musgrave, Belongie and Lim 2020, arXiv 2003.08505",
    ),
    MeasureSpec(
        name="units",
        title="Unit quality",
        method="unit quality is how much k-means clusters of frames, fitted on half of the utterances, say "
        "of the phones of the other half: PNMI is their mutual information over the entropy of phones",
        code="layerwise.measures.unit_measure:UNITS",
        options=UnitsOptions,
        section="units",
        quantity="PNMI",
        unit="frame",
        variants=UNIT_VARIANTS,
        headline="pnmi-256",
        source="Hsu et al. 2021 (HuBERT), arXiv 2106.07447; DiscoPhon, arXiv 2603.18612",
    ),
    MeasureSpec(
        name="probes",
        title="Linear probes",
        method="linear probes are fitted in closed form on pooled segments of other utterances: nearest "
        "class mean, ridge regression of one-hot labels, and the online code of labels by discriminant "
        "analysis",
        code="layerwise.measures.probe_measure:PROBES",
        options=ProbesOptions,
        section="probes",
        quantity="Probe accuracy",
        unit="phone",
        variants=PROBE_VARIANTS,
        headline="phone-accuracy",
        source="Voita and Titov 2020, arXiv 2003.12298",
    ),
)
