"""An output's key changes with everything that could change the output."""

from __future__ import annotations

from dataclasses import replace

from harness.engine.keys import generate_request, output_key, score_request
from harness.types import Arm, Role

ARM = Arm(Role.CANDIDATE, "v1", "base", "adapter", "digest")
PROMPT = (1, 2, 3)


def test_every_ingredient_is_in_the_key() -> None:
    """Base, adapter, tokens, sampling, numerics and repeat: eleven requests, eleven keys."""
    requests = [
        generate_request(ARM, PROMPT, 8, ("\n",), "n"),
        generate_request(replace(ARM, base="other"), PROMPT, 8, ("\n",), "n"),
        generate_request(replace(ARM, adapter="other"), PROMPT, 8, ("\n",), "n"),
        generate_request(replace(ARM, adapter=None), PROMPT, 8, ("\n",), "n"),
        generate_request(ARM, (1, 2), 8, ("\n",), "n"),
        generate_request(ARM, PROMPT, 9, ("\n",), "n"),
        generate_request(ARM, PROMPT, 8, (), "n"),
        generate_request(ARM, PROMPT, 8, ("\n",), "m"),
        generate_request(ARM, PROMPT, 8, ("\n",), "n", repeat=1),
        generate_request(ARM, PROMPT, 8, ("\n",), "n", temperature=0.5),
        generate_request(ARM, PROMPT, 8, ("\n",), "n", temperature=0.5, seed=1),
        score_request(ARM, PROMPT, ((4,), (5, 6)), "n"),
        score_request(ARM, PROMPT, ((4, 5), (6,)), "n"),
    ]
    assert len({request.key for request in requests}) == len(requests)


def test_names_places_and_roles_are_not() -> None:
    """A renamed or moved adapter finds its outputs, as baseline and as candidate."""
    other = replace(ARM, name="x", path="/elsewhere", role=Role.BASELINE)
    one, two = (generate_request(arm, PROMPT, 8, (), "n") for arm in (ARM, other))
    assert one.key == two.key


def test_a_key_is_the_same_in_every_process() -> None:
    """Written down once (SHA-256 of the canonical JSON, computed with hashlib by hand)."""
    import hashlib

    text = (
        '{"adapter":null,"base":"b","content":{"prompt":[1]},"numerics":"n","repeat":0,"schema":1}'
    )
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert output_key("b", None, {"prompt": (1,)}, "n") == expected
