"""Analyses that cannot be run: a row that says why, foreseen where the samples tell."""

import numpy as np
import pandas as pd
import pytest
from fakes import FakeSource

from layerwise.analyses.base import Request
from layerwise.analyses.engine import LayerTables, join_samples
from layerwise.analyses.foresight import UNEXTRACTED, foresee
from layerwise.analyses.run import analyse, run_analysis
from layerwise.contracts import check
from layerwise.contracts.scores import INFEASIBLE, NULLS, SCORES, SIZES, TRAITS, UNITS
from layerwise.errors import AnalysisError, InfeasibleError
from layerwise.options.scoring import ScoringOptions
from layerwise.specs.analyses import ANALYSES
from layerwise.specs.code import load_object

CONTRACTS = (SCORES, UNITS, NULLS, SIZES, TRAITS, INFEASIBLE)
OPTIONS = ScoringOptions(permutations=19, parts=5, trials=2)


def source(tokens=80):
    rng = np.random.default_rng(0)
    utterances = [f"u{number:02d}" for number in range(20)]
    layers = {
        layer: {utt: rng.standard_normal((6, 4)).astype(np.float32) for utt in utterances}
        for layer in ("T0", "T1")
    }
    pooled = {("phone", layer): rng.standard_normal((tokens, 4)).astype(np.float32) for layer in layers}
    return FakeSource(layers, pooled)


def sample(phones="ABCD", utterances=20):
    rows = [("utterance", f"u{number:02d}", "s", "", 0.0, 1.0, -1) for number in range(utterances)]
    rows += [
        ("phone", f"u{token % 20:02d}", "s", phones[block % len(phones)], 0.1 * block, 0.9, token)
        for token, block in ((token, token // 20) for token in range(80))
    ]
    columns = ["kind", "utt_id", "speaker", "label", "start", "end", "segment"]
    return pd.DataFrame(rows, columns=columns)


def checked(tables: LayerTables) -> LayerTables:
    for table, contract in zip(tables, CONTRACTS, strict=True):
        check(contract, table, contract.path)
    return tables


def test_tables_of_an_analysis_keep_their_contracts_and_the_keys_agree():
    tables = checked(analyse("cca-phone", source(), sample(), 2, options=OPTIONS))
    assert tables.infeasible.empty and len(tables.traits) == 2 and not tables.nulls.empty
    for table in tables[:-1]:
        assert set(table["layer"]) == {"T0", "T1"} and set(table["sample"]) == {2}
        assert set(table["model"]) == {"fake"} and set(table["analysis"]) == {"cca-phone"}


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("cca-phone", {"phones": "A"}, "fewer than two classes"),
        ("cca-intra", {"utterances": 3}, "3 groups .* cannot fill 5 parts"),
        ("cca-intra-conv", {}, "fake has no conv layers"),
        ("cca-word", {}, "no word rows"),
        ("cca-speaker", {}, "two speakers"),
    ],
)
def test_what_cannot_be_run_is_a_row_with_the_reason(name, given, reason):
    tables = checked(analyse(name, source(), sample(**given), 1, options=OPTIONS))
    (row,) = tables.infeasible.to_dict("records")
    assert (row["model"], row["analysis"], row["sample"]) == ("fake", name, 1)
    assert pd.Series(row["reason"]).str.contains(reason).all() and not row["reason"].startswith(name)
    assert all(table.empty for table in tables[:-1])
    with pytest.raises(InfeasibleError, match=rf"fake, sample 1: {name}: .*{reason}"):
        run_analysis(name, source(), sample(**given), 1, options=OPTIONS)


def test_a_bad_layer_is_an_error_and_no_row():
    bad = source()
    bad.pooled["phone", "T1"][3] = np.nan
    with pytest.raises(AnalysisError, match=r"fake, layer T1, cca-phone, sample 0: .*NaN") as caught:
        analyse("cca-phone", bad, sample(), options=OPTIONS)
    assert not isinstance(caught.value, InfeasibleError)


def test_samples_are_joined_where_some_are_infeasible():
    good = analyse("cca-phone", source(), sample(), 0, options=OPTIONS)
    bad = analyse("cca-phone", source(), sample("A"), 1, options=OPTIONS)
    tables = checked(join_samples([good, bad]))
    assert set(tables.scores["sample"]) == {0} and tables.infeasible["sample"].tolist() == [1]
    tables = checked(join_samples([bad]))
    assert tables.scores.empty and list(tables.scores.columns) == list(SCORES.required)


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("cca-phone", {"phones": "A"}, "fewer than two classes"),
        ("cca-intra", {"utterances": 3}, "cannot fill 5 parts"),
        ("cca-intra-conv", {"utterances": 3}, "cannot fill 5 parts"),
        ("cca-mel", {"utterances": 3}, "cannot fill 5 parts"),
        ("cca-f0", {"utterances": 3}, "cannot fill 5 parts"),
        ("mi-word", {}, "no word rows"),
        ("cca-speaker", {}, "two speakers"),
        ("cca-phone", {}, None),
        ("cca-intra", {}, None),
        ("cca-intra-conv", {}, None),
        ("cca-mel", {}, None),
        ("cca-energy", {}, None),
    ],
)
def test_it_is_foreseen_before_anything_is_extracted(name, given, reason):
    spec = next(spec for spec in ANALYSES if spec.name == name)
    asked = Request(
        name=name,
        source=UNEXTRACTED,
        sample=sample(**given),
        protocol="corrected",
        options=OPTIONS,
        seed=1,
        logmel=UNEXTRACTED,
        prosody=UNEXTRACTED,
        speakers={f"u{number:02d}": "s" for number in range(20)},
    )
    found = foresee(load_object(spec.code), asked)
    assert (found is None) if reason is None else (found is not None and reason in found)
