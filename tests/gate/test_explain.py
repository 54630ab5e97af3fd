"""What lost cases share: against scipy's tests, planted causes, clusters and chance."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.gate.explain import LEVEL, MOST, explain
from harness.gate.features import LEAST, Feature, Trait, tabulate
from harness.types import Case, Kind

WORDS = [f"word{letter}{other}" for letter in "abcdefgh" for other in "abcdefgh"]


def case(i, prompt="", *, cluster=None, target=None, choices=(), **slices):
    return Case(
        digest=f"digest-{i}",
        suite="s",
        task="t",
        sample=str(i),
        kind=Kind.CHECK,
        prompt=prompt,
        choices=choices,
        generation=None,
        target=target,
        cluster=cluster or f"row-{i}",
        slices=slices,
        fields={},
        input_digest="",
    )


def texts(n, seed=0, words=12):
    """Prompts of random words, some frequent, most not."""
    rng = random.Random(seed)
    weights = [1 / (rank + 1) for rank in range(len(WORDS))]
    return [" ".join(rng.choices(WORDS, weights, k=words)) for _ in range(n)]


def digests(cases):
    return {one.digest for one in cases}


def named(found, trait=None):
    return [s.feature.name for s in found.shared if trait in (None, s.feature.trait)]


def test_counts_and_p_are_those_of_fishers_exact_test():
    """A word in 9 of 12 lost and 6 of 88 others: scipy's one-sided p, times the features tested."""
    cases = [case(i, f"Clause {'net' if i < 9 or 12 <= i < 18 else 'due'}") for i in range(100)]
    found = explain(cases, digests(cases[:12]), {})
    (shared,) = found.shared
    assert (shared.lost, found.lost, shared.rest, found.rest) == (9, 12, 6, 88)
    assert shared.lift == pytest.approx((9 / 12) / (15 / 100))
    oracle = stats.fisher_exact([[9, 3], [6, 82]], alternative="greater").pvalue
    # net, due and one quarter of the lengths, which are all the same: only two differ.
    assert found.tested == 2
    assert shared.p_value == pytest.approx(2 * oracle, rel=1e-9)
    assert shared.feature == Feature(Trait.WORD, "net")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(20, 120), st.floats(0.05, 0.6))
def test_every_p_is_a_corrected_fisher_test(seed, n, rate):
    """Whatever is shown has scipy's p, adjusted by scipy's Benjamini-Hochberg over all tested."""
    rng = random.Random(seed)
    cases = [
        case(i, text, skill=rng.choice("abc")) for i, text in enumerate(texts(n, seed, words=6))
    ]
    heavy = {c.digest for c in cases if WORDS[0] in c.prompt.split() and rng.random() < rate}
    lost = heavy | {c.digest for c in cases if rng.random() < 0.1}
    found = explain(cases, lost, {})
    table = tabulate(cases, {})
    assert found.tested == len(table.features)
    p_values = []
    for column in range(len(table.features)):
        members = {cases[row].digest for row in table.cases(column)}
        a, b = len(members & lost), len(members - lost)
        square = [[a, len(lost) - a], [b, n - len(lost) - b]]
        p = stats.fisher_exact(square, alternative="greater").pvalue
        more = a * (n - len(lost)) > b * len(lost)
        p_values.append(p if a >= LEAST and more else 1.0)
    adjusted = stats.false_discovery_control(p_values) if p_values else []
    expected = {f: p for f, p in zip(table.features, adjusted, strict=True) if p <= LEVEL}
    for shared in found.shared:
        assert shared.p_value == pytest.approx(expected[shared.feature], rel=1e-6)
    assert bool(found.shared) == bool(expected)
    assert len(found.shared) <= MOST


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_of_the_cases_does_not_matter(rng):
    """Shuffled cases, also clustered ones, are explained by the same words in the same order."""
    cases = [
        case(i, text, cluster=f"document-{i // 3}", skill=str(i % 3))
        for i, text in enumerate(texts(90))
    ]
    lost = {c.digest for c in cases if WORDS[1] in c.prompt.split() or c.slices["skill"] == "1"}
    shuffled = rng.sample(cases, len(cases))
    assert explain(shuffled, lost, {}) == explain(cases, lost, {})


def test_a_planted_word_is_found_and_named_first():
    """Cases with one word are lost: it stands on top, and the template's words nowhere."""
    prompts = [f"Read the clause: {text} Who pays?" for text in texts(300, 3)]
    prompts = [p.replace("Who", "Penalty Who") if i % 20 == 0 else p for i, p in enumerate(prompts)]
    cases = [case(i, p) for i, p in enumerate(prompts)]
    found = explain(cases, {f"digest-{i}" for i in range(0, 300, 20)}, {})
    first = found.shared[0]
    assert (first.lost, first.rest) == (15, 0)
    everything = [first.feature, *first.also]
    assert Feature(Trait.WORD, "penalty") in everything
    assert Feature(Trait.PHRASE, "penalty who") in everything
    assert not {"read", "the", "clause", "who", "pays"} & set(named(found))


def test_features_of_the_same_cases_are_one():
    """A slice, its target and its words hold for the same cases: the slice is named."""
    cases = [
        case(
            i,
            f"{'Net thirty days' if i % 4 == 0 else 'Delaware courts only'} {i}",
            target="payment" if i % 4 == 0 else "venue",
            clause_type="payment" if i % 4 == 0 else "venue",
        )
        for i in range(80)
    ]
    found = explain(cases, {f"digest-{i}" for i in range(0, 80, 8)}, {})
    (shared,) = found.shared
    assert shared.feature == Feature(Trait.SLICE, "clause_type = payment")
    assert Feature(Trait.TARGET, "payment") in shared.also
    assert Feature(Trait.PHRASE, "net thirty") in shared.also


def test_rows_of_one_document_count_once():
    """Ten lost rows of one document, all with a word, are one piece of evidence: nothing shown."""
    cases = [
        case(i, "penalty" if i < 10 else "interest", cluster=f"document-{i // 10}")
        for i in range(400)
    ]
    lost = {f"digest-{i}" for i in range(10)}
    assert explain(cases, lost, {}).shared == ()
    apart = [replace(c, cluster=c.digest) for c in cases]
    assert explain(apart, lost, {}).shared[0].lost == 10


def test_repeating_the_rows_of_every_document_changes_nothing():
    """Twice as many rows of the same documents say what one says."""
    once = [case(i, text, cluster=str(i)) for i, text in enumerate(texts(120, 5))]
    lost = {c.digest for c in once if WORDS[2] in c.prompt.split()}
    again = [replace(c, digest=f"{c.digest}-again") for c in once]
    one = explain(once, lost, {})
    two = explain([*once, *again], lost | {f"{d}-again" for d in lost}, {})
    assert one.shared
    for a, b in zip(one.shared, two.shared, strict=True):
        assert (a.feature, a.lost, a.rest) == (b.feature, b.lost, b.rest)
    assert (two.clustered, two.lost, two.rest) == (True, one.lost, one.rest)


def test_where_every_document_lost_something_the_loss_is_still_found():
    """One row in four of each document is lost, always the same kind: half of them stand for it."""
    kinds = ("payment", "venue", "term", "notice")
    cases = [
        case(i, "x", cluster=f"document-{i // 4}", clause_type=kinds[i % 4]) for i in range(120)
    ]
    found = explain(cases, {f"digest-{i}" for i in range(0, 120, 4)}, {})
    (shared,) = found.shared
    assert shared.feature.name == "clause_type = payment"
    assert (found.lost, found.rest) == (15, 15)
    assert (shared.lost, shared.rest) == (15, 0)


@pytest.mark.parametrize("size", [1, 4])
def test_chance_is_seldom_taken_for_a_finding(size):
    """Where losses fall on documents at random, at most one run in twenty shows anything.

    150 draws: 5% and three standard errors are 15.
    """
    cases = [case(i, t, cluster=str(i // size)) for i, t in enumerate(texts(60 * size, 7))]
    rng, shown = random.Random(11), 0
    for _ in range(150):
        documents = set(rng.sample(range(60), 18))
        lost = {c.digest for c in cases if int(c.cluster) in documents and rng.random() < 0.6}
        shown += bool(explain(cases, lost, {}).shared)
    assert shown <= 15


def test_answers_are_features():
    """Empty, repeated, longer and shorter answers of the candidate are told, but of choices."""
    cases = [case(i, "x") for i in range(80)]
    said = {f"digest-{i}": ("a b c", ("", "Ohio", "a b c d e f g", "a")[i % 4]) for i in range(80)}
    for kind, feature in enumerate(
        [
            Feature(Trait.FORM, "empty"),
            Feature(Trait.ANSWER, "Ohio"),
            Feature(Trait.FORM, "longer"),
            Feature(Trait.FORM, "shorter"),
        ]
    ):
        lost = {f"digest-{i}" for i in range(kind, 80, 4)}
        (shared,) = explain(cases, lost, said).shared
        assert feature in (shared.feature, *shared.also)
    chosen = [replace(c, choices=("a b c", "a")) for c in cases]
    traits = {feature.trait for feature in tabulate(chosen, said).features}
    assert traits == {Trait.FORM, Trait.ANSWER}
    assert {f.name for f in tabulate(chosen, said).features if f.trait is Trait.FORM} == {"empty"}


def test_length_is_a_feature():
    """All losses among the longest quarter of the prompts."""
    cases = [case(i, "x" * (i + 1)) for i in range(80)]
    (shared,) = explain(cases, {f"digest-{i}" for i in range(62, 80)}, {}).shared
    assert shared.feature == Feature(Trait.LENGTH, "longest")


def test_nothing_lost_and_nothing_kept_say_nothing():
    """No division by an empty group, and no finding."""
    cases = [case(i, text) for i, text in enumerate(texts(30))]
    for lost in (set(), digests(cases), digests(cases[:2])):
        assert explain(cases, lost, {}).shared == ()
    assert explain([], set(), {}).tested == 0


def test_text_is_taken_as_it_is():
    """Controls, lone surrogates and other scripts are text like any other; words are folded."""
    odd = "\x00\ud800 ÄRGER don’t 契約"
    cases = [case(i, odd if i < 10 else "calm", cluster=f"\ud800{i}") for i in range(60)]
    first = explain(cases, digests(cases[:10]), {}).shared[0]
    everything = {feature.name for feature in (first.feature, *first.also)}
    assert {"ärger", "don’t", "契約", "ärger don’t"} <= everything
