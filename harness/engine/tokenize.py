"""Text to tokens and back with the ``tokenizers`` library alone: no torch, no transformers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import tokenizers

from harness.adapters.config import read_json
from harness.errors import EngineError

_NEUTRAL = (".", "\n", "0")
"""Characters that hardly ever merge with what follows."""


class Tokenizer:
    """The tokenizer of a base model directory; the same tokens as ``AutoTokenizer``'s.

    Safe to use from several threads. EngineError where the directory has no tokenizer.json.
    """

    def __init__(self, base: str | os.PathLike[str]) -> None:
        """Load tokenizer.json, and the end-of-sequence ids from the model's configuration."""
        directory = Path(base)
        path = directory / "tokenizer.json"
        if not path.is_file():
            raise EngineError(
                f"{directory}: no tokenizer.json; make one with transformers:"
                " AutoTokenizer.from_pretrained(dir).save_pretrained(dir)"
            )
        self._tokenizer = _load(path)
        # Padding and truncation that were saved along are no part of how a prompt is read.
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.eos = _eos(directory)
        self._separable = all(
            self.encode(before + text) == self.encode(before) + self._plain(text)
            for before, text in (("a", " b"), ("a\n", "b"))
        )
        self._continuation = lru_cache(maxsize=65_536)(self._plain)

    def encode(self, text: str) -> tuple[int, ...]:
        """A prompt's tokens, with the special tokens that the tokenizer adds by itself."""
        return tuple(self._tokenizer.encode(text).ids)

    def encode_rendered(self, text: str) -> tuple[int, ...]:
        """The tokens of a text that holds its special tokens already, as a chat's does."""
        return self._plain(text)

    @cached_property
    def lead(self) -> tuple[int, ...]:
        """The special tokens that the tokenizer puts before a text."""
        plain, marked = self._plain("a"), self.encode("a")
        return next(
            (marked[:at] for at in range(len(marked)) if marked[at : at + len(plain)] == plain), ()
        )

    def encode_choice(self, prompt: str, choice: str) -> tuple[int, ...]:
        """A choice's tokens as the continuation of a prompt: a space first, unless one is there.

        Where the tokenizer marks beginnings of words (SentencePiece), a text of its own would
        get such a mark, so the choice's tokens are those that follow the prompt's, or where the
        prompt's last token would swallow some, those that follow a neutral character's.
        """
        text = choice if not prompt or prompt[-1].isspace() else f" {choice}"
        if not self._separable:
            for before in (prompt, *_NEUTRAL):
                alone, whole = self.encode(before), self.encode(before + text)
                if len(whole) > len(alone) and whole[: len(alone)] == alone:
                    return whole[len(alone) :]
        return self._continuation(text)

    def encode_whole(self, text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """A text whose whole likelihood is measured: what stands before it, and its tokens.

        Before it stands what the tokenizer puts there, else an end of sequence, as in lm-eval.
        EngineError where there is neither.
        """
        plain, marked = self._plain(text), self.encode(text)
        before = marked[: len(marked) - len(plain)]
        if marked[len(before) :] != plain or not before:
            before = (min(self.eos),) if self.eos else ()
        if not before:
            raise EngineError(
                "the tokenizer has no token that begins or ends a text, after which the first"
                " token of a rolling text could be measured"
            )
        return before, plain

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens, without special ones."""
        return self.decode_batch([tokens])[0]

    def decode_batch(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """The text of each row of tokens, without special ones."""
        texts: list[str] = self._tokenizer.decode_batch(
            [list(row) for row in rows], skip_special_tokens=True
        )
        return texts

    def _plain(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)


def _load(path: Path) -> Any:
    try:
        return tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the Rust library raises bare Exception
        raise EngineError(f"{path}: not a tokenizer: {error}") from error


def _eos(directory: Path) -> frozenset[int]:
    """End-of-sequence ids: those of generation_config.json, else of config.json."""
    for name in ("generation_config.json", "config.json"):
        path = directory / name
        if path.is_file() and (eos := read_json(path).get("eos_token_id")) is not None:
            return frozenset(eos if isinstance(eos, list) else [eos])
    return frozenset()
