"""What can be regressed out of both views of an analysis."""

from layerwise.specs.spec import GivenSpec

GIVENS = (
    GivenSpec(
        name="phones",
        title="phones",
        code="layerwise.analyses.givens.bag_of_phones:bag_of_phones",
        units=frozenset({"word"}),
        needs=frozenset({"intervals"}),
    ),
    GivenSpec(
        name="neighbours",
        title="neighbouring phones",
        code="layerwise.analyses.givens.neighbours:neighbours",
        units=frozenset({"phone"}),
        needs=frozenset({"intervals"}),
    ),
    GivenSpec(
        name="duration",
        title="duration",
        code="layerwise.analyses.givens.duration:duration",
        units=frozenset({"phone", "word"}),
    ),
    GivenSpec(
        name="logmel",
        title="log-mel means",
        code="layerwise.analyses.givens.logmel:logmel",
        units=frozenset({"phone", "word"}),
        needs=frozenset({"logmel"}),
        of_logmel=False,
    ),
    GivenSpec(
        name="speaker",
        title="speaker",
        code="layerwise.analyses.givens.speaker:speaker",
        units=frozenset({"frame", "phone", "word"}),
    ),
)
