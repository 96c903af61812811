"""Speaker identity: the mean of each utterance with its one-hot speaker."""

import logging

import numpy as np

from layerwise.analyses.base import Analysis, PreparedTarget, Request, ViewPair
from layerwise.analyses.labels import one_hot
from layerwise.cca.splits import rare_classes
from layerwise.errors import InfeasibleError

logger = logging.getLogger(__name__)


class SpeakerMeans(PreparedTarget):
    """Means of all utterances of the corpus with their speakers.

    An utterance is one row; parts are stratified by speaker. Sample sets differ in how utterances are dealt
    to parts, not in the utterances, since CCA needs more of them than dimensions. Speakers with fewer than
    three utterances are left out and logged. Raises InfeasibleError with fewer than two speakers.
    """

    def __init__(self, request: Request) -> None:
        self.source = request.source
        rare = set(rare_classes(list(request.speakers.values()), None))
        kept = {utt_id: name for utt_id, name in sorted(request.speakers.items()) if name not in rare}
        if rare:
            logger.warning(
                "%s: %d of %d speakers (%d of %d utterances) left out, too rare to train and test: %s",
                request.name,
                len(rare),
                len(set(request.speakers.values())),
                len(request.speakers) - len(kept),
                len(request.speakers),
                ", ".join(sorted(rare)),
            )
        if len(set(kept.values())) < 2:
            raise InfeasibleError(
                f"{request.name}: two speakers with three utterances each are needed and the corpus has "
                f"{len(set(kept.values()))}: use a corpus with more speakers, or leave this analysis out"
            )
        self.utterances = list(kept)
        self.units = np.array(self.utterances)
        labels = np.array(list(kept.values()))
        self.target = one_hot(labels)[0]
        self.part = request.deal_rows(labels)
        self.layers = request.source.layers

    def views(self, layer: str) -> ViewPair:
        """Return the utterance means of a layer and their speakers."""
        means = self.source.utterance_means(layer, self.utterances)
        return ViewPair(means, self.target, self.units, self.part, lambda row: f"utterance {self.units[row]}")


SPEAKER = Analysis(SpeakerMeans, permute=True)
