"""Contrasts of models: controls, objectives against random twins, pre-training seeds, the last block."""

from dataclasses import replace

import numpy as np
import pytest
import report_tables as synthetic
from planted import planted
from scipy import stats

from layerwise.report import contrasts
from layerwise.report.curve_findings import objective_findings
from layerwise.report.shapes import peaks
from layerwise.report.words import verdict

A, B = [0.2, 0.5, 0.4, 0.3], [0.3, 0.35, 0.3, 0.2]  # curves of two architectures without training
GAIN = np.array([0.0, 0.1, 0.2, 0.1])


def two():
    return synthetic.run_facts(("a", "b"), baseline=False)


def words(table, smallest=0.02):
    return table.apply(verdict, axis=1, smallest=smallest).tolist()


def test_two_random_twins_do_not_differ():
    """Networks of two architectures, both without training, whose curves have different shapes.

    Compared as they are, they differ at every layer; against their random twins, at none.
    """
    facts = two()
    noise = np.random.default_rng(3).normal(0, 0.002, (4, 4))
    curves = {
        "a": [A + noise[0]],
        "random-a": [A + noise[1]],
        "b": [B + noise[2]],
        "random-b": [B + noise[3]],
    }
    evidence = planted(curves, error=0.003)
    plain = [evidence.contrast("cca-phone", {("a", f"T{n}"): 1.0, ("b", f"T{n}"): -1.0}) for n in range(4)]
    assert all(found.p < 1e-6 for found in plain)
    table = contrasts.curve_contrasts(evidence, facts)
    assert table["layer"].tolist() == ["T0", "T1", "T2", "T3"] and (table["p_holm"] > 0.05).all()
    assert not {"above", "below"} & set(words(table))


def test_what_training_adds_is_found_where_it_is_planted():
    trained = {"a": [A + GAIN], "random-a": [A], "b": [B], "random-b": [B]}
    table = contrasts.curve_contrasts(planted(trained), two())
    assert words(table) == ["negligibly different from", "above", "above", "above"]
    np.testing.assert_allclose(table["difference"], GAIN, atol=1e-12)
    assert (table["n"] == 40).all() and table[["seeds_a", "seeds_b"]].to_numpy().max() == 1
    turned = {"a": [A], "random-a": [A], "b": [B + GAIN], "random-b": [B]}
    assert words(contrasts.curve_contrasts(planted(turned), two()))[1:] == ["below"] * 3


def test_p_values_of_objectives_are_corrected_for_all_layers_models_and_analyses():
    curves = {"a": [A + GAIN / 20], "random-a": [A], "b": [B], "random-b": [B]}
    table = contrasts.curve_contrasts(planted(curves), two())
    order = np.sort(table["p"])
    assert table["p_holm"].min() == pytest.approx(4 * order[0])
    assert (table["p_holm"] >= table["p"]).all()


def test_models_without_a_random_twin_are_left_out_and_named(tmp_path):
    facts = synthetic.run_facts(("a", "b"), twins=False, baseline=False)
    evidence = planted({"a": [A], "b": [B]})
    assert contrasts.curve_contrasts(evidence, facts).empty
    tables = synthetic.gathered(facts, tmp_path, ("cca-phone",), {})
    first, second = objective_findings(tables, facts)
    assert "nothing can be said on the effect of the objective" in first
    assert second == "Left out, as what training adds is not known without a random twin: a and b."


def seeds():
    """Three seeds of one recipe and one of another, each with its twin."""
    facts = synthetic.run_facts(("a1", "b", "a2", "c", "a3"), baseline=False)
    models = tuple(
        replace(m, recipe="a") if m.name.startswith("a") else m for m in facts.models if "c" not in m.name
    )
    return replace(facts, models=models)


def test_seeds_of_a_recipe_are_averaged_and_their_variance_counts():
    facts, gains = seeds(), {"a1": 0.10, "a2": 0.14, "a3": 0.18, "b": 0.04}
    curves = {name: [np.add(A, gain)] for name, gain in gains.items()}
    curves |= {f"random-{name}": [A] for name in gains}
    table = contrasts.curve_contrasts(planted(curves, error=1e-6), facts)
    assert set(zip(table["model_a"], table["model_b"], table["seeds_a"], table["seeds_b"], strict=True)) == {
        ("a", "b", 3, 1)
    }
    np.testing.assert_allclose(table["difference"], 0.1, atol=1e-12)
    half = stats.t.ppf(0.975, 2) * 0.04 / 3**0.5
    np.testing.assert_allclose(table["high"] - table["difference"], half, rtol=1e-3)
    one = replace(facts, models=tuple(replace(m, recipe="") for m in facts.models))
    alone = contrasts.curve_contrasts(planted(curves, error=1e-6), one)
    pairs = {frozenset(pair) for pair in alone[["model_a", "model_b"]].itertuples(index=False)}
    assert pairs == {frozenset({name, "b"}) for name in ("a1", "a2", "a3")}
    assert (alone["high"] - alone["low"]).max() < 1e-3


def test_controls_are_compared_at_their_own_best_layer_over_units():
    facts = synthetic.run_facts(("m",))
    evidence = planted({"m": [[0.1, 0.6, 0.2]], "random-m": [[0.4, 0.1, 0.1]], "logmel": [[0.45]]})
    table = contrasts.control_contrasts(evidence, peaks(evidence, facts), facts).set_index("control")
    assert table["layer"].to_dict() == {"random-m": "T1", "logmel": "T1"}
    assert table["control_layer"].to_dict() == {"random-m": "T0", "logmel": "T0"}
    np.testing.assert_allclose(table["difference"], [0.2, 0.15])
    assert (table["p_holm"] < 0.001).all() and (table["n"] == 40).all()
    # What all share has a standard error five times that of the rest, and does not count.
    assert (table["high"] - table["low"]).max() < 0.03


def test_controls_without_units_are_compared_over_sets_and_trials():
    facts = synthetic.run_facts(("m",), baseline=False)
    evidence = planted({"m": [[0.1, 0.6, 0.2], [0.1, 0.5, 0.2]], "random-m": [[0.4, 0.1, 0.1]] * 2}, units=0)
    (row,) = contrasts.control_contrasts(evidence, peaks(evidence, facts), facts).to_dict("records")
    assert row["n"] == 6 and row["difference"] == pytest.approx(0.15)
    spread = np.sqrt(np.var([0.2] * 3 + [0.1] * 3, ddof=1) * (1 / 6 + 100 / 800))
    assert row["high"] - 0.15 == pytest.approx(stats.t.ppf(0.975, 5) * spread)


def test_last_block_is_compared_with_every_layer_of_its_model():
    facts = synthetic.run_facts(("m",), twins=False, baseline=False)
    evidence = planted({"m": [[1.0, 0.4, 0.7]]}, analysis="cca-intra")
    table = contrasts.last_block_contrasts(evidence, facts)
    assert set(table["last"]) == {"T2"} and table["layer"].tolist() == ["T0", "T1", "T2"]
    np.testing.assert_allclose(table["difference"], [-0.3, 0.3, 0.0])
    assert table["p_holm"].round(3).tolist() == [0.0, 0.0, 1.0]
    assert table["low"][2] == table["high"][2] == 0.0
    assert contrasts.last_block_contrasts(planted({"m": [A]}), facts).empty


def test_units_that_only_one_of_two_models_has_count_as_zero_in_the_other():
    evidence = planted({"a": [A], "b": [A]})
    units = evidence.units
    fewer = replace(evidence, units=units[~((units["model"] == "b") & (units["unit"] < "u10"))])
    found = fewer.contrast("cca-phone", {("a", "T0"): 1.0, ("b", "T0"): -1.0})
    mine = {
        name: rows.set_index("unit")["contribution"]
        for name, rows in fewer.units[fewer.units["layer"] == "T0"].groupby("model")
    }
    errors = mine["a"].sub(mine["b"].reindex(mine["a"].index, fill_value=0.0))
    half = stats.t.ppf(0.975, 39) * np.sqrt(40 / 39 * np.sum(errors**2))
    assert found.n == 40 and found.high - found.difference == pytest.approx(half)
