"""Other people in the same case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.mutators.names import FIRST_NAMES
from harness.mutators.people import GenderSwap, NameSwap

from .conftest import TEXTS
from .making import made, texts

SEEDS = st.text(max_size=4)
_WORDS = "he she his car. her dog. himself Mr Ms father Mothers HUSBAND wife, the pays and"
GENDERED = st.lists(st.sampled_from(_WORDS.split()), max_size=12).map(" ".join)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("He saw her yesterday.", "She saw him yesterday."),
        ("She took her car and left hers.", "He took his car and left his."),
        ("His car is his.", "Her car is hers."),
        ("Mr Smith and his wife", "Ms Smith and her husband"),
        ("Mrs. Jones told him.", "Mr. Jones told her."),
        ("Miss Jones will miss the train.", "Mr Jones will miss the train."),
        ("SHE AND HIS UNCLE", "HE AND HER AUNT"),
        ("his or her copy", "her or his copy"),
    ],
)
def test_everybody_is_of_the_other_gender(text, wanted):
    assert texts(GenderSwap(), text) == [wanted]


@given(GENDERED)
def test_twice_is_once_back(text):
    for each in texts(GenderSwap(), text, None):
        assert len(each.split()) == len(text.split())
        assert texts(GenderSwap(), each, None) == [text]


def test_the_answer_changes_with_the_people():
    (each,) = made(GenderSwap(), "The wife pays.", "the wife", choices=())
    assert (each.text, each.target) == ("The husband pays.", "the husband")


@given(TEXTS, SEEDS)
def test_only_known_names_change(text, seed):
    known = {n for genders in FIRST_NAMES.values() for names in genders.values() for n in names}
    for each in texts(NameSwap(), text, seed=seed):
        changed = [
            (old, new) for old, new in zip(text.split(), each.split(), strict=True) if old != new
        ]
        assert changed
        assert all(old.strip(".,") in known and new.strip(".,") in known for old, new in changed)


def test_names_keep_their_gender_and_change_their_origin():
    women = {n: origin for origin, names in FIRST_NAMES.items() for n in names["women"]}
    for seed in "abcdefgh":
        (each,) = made(NameSwap(), "Mary told Mary's lawyer.", "Mary", seed, ())
        new = each.text.split()[0]
        assert each.text == f"{new} told {new}'s lawyer."
        assert each.target == new
        assert women[new] != women["Mary"]
        assert each.variant == f"{women[new]} names"
