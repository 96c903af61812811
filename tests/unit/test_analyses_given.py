"""What is regressed out of both views, and the phones around a phone and inside a word."""

import numpy as np
import pandas as pd
import pytest
from fakes import FakeSource

from layerwise.analyses.base import Request
from layerwise.analyses.contexts import neighbouring_phones, phones_of_words
from layerwise.analyses.engine import Beside
from layerwise.analyses.givens.bag_of_phones import bag_of_phones
from layerwise.analyses.givens.duration import duration
from layerwise.analyses.givens.logmel import logmel
from layerwise.analyses.givens.neighbours import neighbours
from layerwise.analyses.givens.speaker import speaker
from layerwise.analyses.labels import prepare_words
from layerwise.analyses.mel import prepare as prepare_mel
from layerwise.analyses.run import run_analysis
from layerwise.errors import AnalysisError, InfeasibleError
from layerwise.options.scoring import ScoringOptions
from layerwise.specs.code import load_object
from layerwise.specs.givens import GIVENS

# utt_id, tier, start, end, label, word_index: "the cat", a pause of 80 ms, "tat"; and "the" again.
INTERVALS = pd.DataFrame(
    [
        ("a", "phone", 0.0, 0.1, "DH", 0),
        ("a", "phone", 0.1, 0.2, "AH", 0),
        ("a", "phone", 0.2, 0.3, "K", 1),
        ("a", "phone", 0.3, 0.4, "AE", 1),
        ("a", "phone", 0.4, 0.5, "T", 1),
        ("a", "phone", 0.58, 0.7, "T", 2),
        ("a", "phone", 0.705, 0.8, "AE", 2),
        ("a", "phone", 0.8, 0.9, "T", 2),
        ("a", "word", 0.0, 0.2, "the", 0),
        ("a", "word", 0.2, 0.5, "cat", 1),
        ("a", "word", 0.58, 0.9, "tat", 2),
        ("b", "phone", 0.0, 0.1, "DH", 0),
        ("b", "phone", 0.1, 0.2, "IY", 0),
        ("b", "word", 0.0, 0.2, "the", 0),
    ],
    columns=["utt_id", "tier", "start", "end", "label", "word_index"],
)


def sampled(tier, rows=slice(None)):
    table = INTERVALS[INTERVALS["tier"] == tier].iloc[rows]
    speakers = table["utt_id"].map({"a": "ann", "b": "bob"})
    return table.rename(columns={"tier": "kind"}).assign(speaker=speakers, segment=range(len(table)))


def request(rows, **options):
    known = {"options": ScoringOptions(), "seed": 1, "intervals": INTERVALS, **options}
    source = FakeSource({"T0": {"a": np.zeros((1, 1))}})
    return Request(name="cca-x", source=source, sample=rows, protocol="corrected", **known)


def test_neighbours_end_at_pauses_and_at_the_ends_of_utterances():
    # In another order, and with most of them not sampled.
    rows = sampled("phone", [8, 5, 4, 0, 6])
    around = neighbouring_phones(INTERVALS, rows)
    assert list(around.index) == list(rows.index)
    assert around["previous"].tolist() == ["#", "#", "AE", "#", "T"]
    assert around["next"].tolist() == ["IY", "AE", "#", "AH", "T"]  # a gap of 5 ms is no pause
    one_hot = neighbours(request(rows), rows)
    assert one_hot.shape == (5, 3 + 5) and (one_hot.sum(axis=1) == 2).all()


def test_words_are_bags_of_the_phones_that_were_aligned():
    rows = sampled("word", [3, 2, 0, 1])
    bags = phones_of_words(INTERVALS, rows)
    # AE, AH, DH, IY, K, T
    assert bags.tolist() == [[0, 0, 1, 1, 0, 0], [1, 0, 0, 0, 0, 2], [0, 1, 1, 0, 0, 0], [1, 0, 0, 0, 1, 1]]
    np.testing.assert_array_equal(bag_of_phones(request(rows), rows), bags)


def test_a_segment_that_is_not_in_the_alignment_is_named():
    rows = sampled("word").assign(start=0.05)
    with pytest.raises(AnalysisError, match=r"a: no interval .* at 0.05 s, as word 'the' does"):
        phones_of_words(INTERVALS, rows.iloc[[0]])
    with pytest.raises(AnalysisError, match="cca-x needs the alignment"):
        bag_of_phones(request(rows, intervals=None), rows)


def test_duration_speaker_and_log_mel_of_segments():
    rows = sampled("word")
    np.testing.assert_allclose(duration(request(rows), rows)[2], [0.32, np.log(0.32)])
    np.testing.assert_array_equal(speaker(request(rows), rows), [[1, 0], [1, 0], [1, 0], [0, 1]])
    means = np.arange(16.0).reshape(4, 4)
    store = FakeSource({"T0": {"a": means}}, {("word", "T0"): means}, model="logmel")
    np.testing.assert_array_equal(logmel(request(rows, logmel=store), rows.iloc[[2, 0]]), means[[2, 0]])
    with pytest.raises(AnalysisError, match="needs the log-mel store"):
        logmel(request(rows), rows)


def test_what_is_given_stands_side_by_side_and_must_vary():
    rows = sampled("word")
    found = request(rows, given={"duration": duration, "speaker": speaker}).describe(rows)
    assert found is not None and found.shape == (4, 4)
    assert request(rows).describe(rows) is None
    alone = rows[rows["utt_id"] == "a"]
    with pytest.raises(InfeasibleError, match=r"`given: speaker` is the same in all 3 rows"):
        request(alone, given={"speaker": speaker}).describe(alone)


@pytest.mark.parametrize("spec", GIVENS, ids=lambda spec: spec.name)
def test_code_of_each_given_is_there(spec):
    assert callable(load_object(spec.code))


def corpus(words=60, utterances=20):
    """Words of two phones each; layer T0 holds phones only, layer T1 the words as well."""
    rng = np.random.default_rng(0)
    phones = np.array(list("ABCDEF"))
    lexicon = [(a, b) for a in range(6) for b in range(6)]
    chosen = rng.integers(0, len(lexicon), (utterances, words))
    intervals: list[tuple] = []
    rows: list[tuple] = []
    bags_of, own_of = [], []
    identity = rng.standard_normal((len(lexicon), 4))
    for utterance, tokens in enumerate(chosen):
        for place, word in enumerate(tokens[utterance % 7 :]):  # of uneven length, to tell parts apart
            utt, start = f"u{utterance:02d}", 0.2 * place
            pair = lexicon[word]
            label = "".join(phones[list(pair)])
            intervals.append((utt, "word", start, start + 0.2, label, place))
            for half, phone in enumerate(pair):
                at = start + 0.1 * half
                intervals.append((utt, "phone", at, at + 0.1, phones[phone], place))
            rows.append(("word", utt, "s", label, start, start + 0.2, len(rows)))
            bags_of.append(np.bincount(pair, minlength=6))
            own_of.append(identity[word])
    bags, own = np.array(bags_of, float), np.array(own_of)
    noise = rng.standard_normal((2, len(rows), 4)) * 0.5
    layers = {"T0": bags @ rng.standard_normal((6, 4)) + noise[0], "T1": own + noise[1]}
    source = FakeSource(
        {layer: {} for layer in layers} | {"T0": {"u00": np.zeros((1, 4))}},
        {("word", layer): values.astype(np.float32) for layer, values in layers.items()},
    )
    columns = ["kind", "utt_id", "speaker", "label", "start", "end", "segment"]
    table = pd.DataFrame(intervals, columns=INTERVALS.columns)
    return source, pd.DataFrame(rows, columns=columns), table


def test_a_word_effect_that_is_only_phones_vanishes_and_one_that_is_not_stays():
    source, sample, intervals = corpus()
    options = ScoringOptions(permutations=0, control=False)
    beside = Beside(intervals=intervals)
    plain = run_analysis("cca-word", source, sample, options=options, beside=beside)
    given = run_analysis("cca-word", source, sample, given=["phones"], options=options, beside=beside)
    assert set(given["analysis"]) == {"cca-word-given-phones"}
    before, after = (table.groupby("layer")["score"].mean() for table in (plain, given))
    assert before["T0"] > 0.5 and abs(after["T0"]) < 0.1
    assert before["T1"] > 0.5 and after["T1"] > 0.4
    # The same parts: scores can be compared part by part.
    assert plain["n_test"].add(plain["n_excluded"]).equals(given["n_test"].add(given["n_excluded"]))


def test_frames_take_what_is_given_of_their_utterance():
    rng = np.random.default_rng(1)
    utterances = [f"u{number:02d}" for number in range(12)]
    features = {"T0": {utt: rng.standard_normal((5, 3)) for utt in utterances}}
    sample = pd.DataFrame({"kind": "utterance", "utt_id": utterances, "speaker": ["x", "y", "z"] * 4})
    sample = sample.assign(label="", segment=-1)
    store = FakeSource(features, model="logmel")
    given = {"speaker": speaker}
    asked = Request(
        "cca-mel", FakeSource(features), sample, "corrected", ScoringOptions(), 1, logmel=store, given=given
    )
    views = prepare_mel(asked).views("T0")
    assert views.given is not None and views.given.shape == (60, 3) and views.control is None
    np.testing.assert_array_equal(views.given[np.arange(60)], np.repeat(np.eye(3)[[0, 1, 2] * 4], 5, axis=0))


def test_segments_have_what_is_given_of_them_and_controls():
    source, sample, intervals = corpus(words=10)
    given = {"phones": bag_of_phones, "duration": duration}
    asked = Request(
        "cca-word", source, sample, "corrected", ScoringOptions(), 1, intervals=intervals, given=given
    )
    views = prepare_words(asked).views("T0")
    n = len(views.units)
    assert views.given is not None and views.given.shape == (n, 6 + 2)
    assert views.control is not None and views.control.shape[0] == n
    asked = Request(
        "cca-word", source, sample, "corrected", ScoringOptions(control=False), 1, intervals=intervals
    )
    views = prepare_words(asked).views("T0")
    assert views.given is None and views.control is None
