"""A package that offers an analysis by an entry point. Light: its code is in a module of its own."""

from layerwise.specs.spec import AnalysisSpec

VOICING = AnalysisSpec(
    name="voicing",
    title="Voicing",
    method="with whether each phone is voiced (voicing)",
    code="their_measures.voicing:VOICING",
    unit="phone",
)
