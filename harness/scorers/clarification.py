"""Does the answer ask what was meant?"""

from __future__ import annotations

from typing import ClassVar

import regex

from .detector import Detector, sentences

_FLAGS = regex.VERBOSE | regex.IGNORECASE

_MEAN = r"(?:mean|meant|refer(?:ring)?\ to|ask(?:ing)?\ about|have\ in\ mind|talking\ about)"
_WHICH = r"(?:which|who|whom|whose|what|whether|when|where)"
_TELL = r"""
    (?:clarify|specify|be\ (?:a\ (?:bit|little)\ )?more\ specific|elaborate\ on\ what
     |(?:tell|let)\ (?:me|us)(?:\ know)?(?:\ more\ precisely)?[ ]
      (?:which\b|who\b|whom\b|whose\b|what\ you\ mean|what\ you\ are\ referring)
     |confirm\ (?:which|who|whom|whose|whether\ you\ mean)
     |(?:explain|say)\ (?:what|which|who|whom)\ [^.?]{0,60}?\bmean
     |rephrase\b|provide\ (?:more|some|further|additional)\ (?:context|information|details?)
     |give\ me\ (?:more|some)\ (?:context|information|details?))
"""

_QUESTION = regex.compile(
    rf"""
    (?:\b(?:which|who|whom|whose|what)\b[^?]{{0,80}}?
       \b(?:do|did|are|were|would|might)\ you\ (?:\w+\ )?{_MEAN}\b
     | \bto\ (?:which|whom|what)\b[^?]{{0,60}}?\b(?:are|do|did)\ you\ (?:refer|referring)\b
     | \b(?:do|did)\ you\ (?:perhaps\ |actually\ )?mean\b
     | \bare\ you\ (?:referring\ to|asking\ about|talking\ about|asking\ whether)\b
     | \b(?:could|can|would|will|might)\ you\ (?:please\ |kindly\ )?{_TELL}
     | \bmay\ i\ ask\ (?:which|who|whom|what\ you)\b
     | \b(?:which|who|whom|what)\b[^?]{{0,60}}?\b(?:is|are|was|were)\ meant\b
     | \b(?:who|what|whom)\ (?:does|do|did|is|are)\ (?:the\ (?:word|pronoun|term|phrase)\ )?
       (?:""|it|they|he|she|this|that|them|him|her)\ (?:refer|refers|referring|stand)\b)
    """,
    _FLAGS,
)
"""In a sentence that ends with a question mark."""

_SHORT = regex.compile(
    r"(?:(?:and\ |but\ |sorry,?\ )?which(?:\ (?:one|of\ (?:the|these)\b.*|\w+(?:\ \w+)?))?|who)\?$",
    _FLAGS,
)
"""The last sentence of an answer, and no more than what is missing."""

_STATEMENT = regex.compile(
    rf"""
    (?:^(?:(?:so|but|and|sorry|i'm\ sorry|before\ i\ (?:can\ )?(?:answer|respond)),?\ )*
       (?:please|kindly)\ {_TELL}
       (?:(?<=\b(?:which|who|whom|whose))|[.!]?$
        |[ ](?:which|who|whom|whose|what|whether|your|the\ question|it\b|so\b))
     | \bi(?:'d|'ll|\ would|\ will)?\ (?:first\ )?need[ ]
       (?:(?:some|more|further|additional|a\ little)\ )*
       (?:clarification|to\ know\ {_WHICH}\b)
     | \bif\ you\ (?:can\ |could\ |would\ )?(?:tell\ me|clarify|specify|let\ me\ know)\ {_WHICH}\b
     | ^(?:please\ )?let\ me\ know\ (?:which|who|whom|whose)\b
     | \bi(?:'m|\ am)\ not\ (?:sure|certain|clear)\ (?:about\ |as\ to\ )?{_WHICH}\b[^.]{{0,60}}?
       \b(?:you(?:'re|\ are)?\ (?:\w+\ )?{_MEAN}|refers?\ to|is\ meant|are\ meant)\b
     | \bi\ (?:don't|do\ not|cannot|can't)\ (?:know|tell|say)\ {_WHICH}\b[^.]{{0,60}}?
       \b(?:you(?:'re|\ are)?\ (?:\w+\ )?{_MEAN}|refers?\ to|is\ meant|are\ meant)\b
     | \b(?:unclear|ambiguous|uncertain|not\ clear|isn't\ clear)[ ]
       (?:to\ me\ )?(?:from\ (?:the|your)\ question\ )?(?:as\ to\ |about\ )?{_WHICH}\b[^.]{{0,60}}?
       \b(?:you(?:'re|\ are)?\ (?:\w+\ )?{_MEAN}|refers?\ to|is\ meant|are\ meant|you\ mean)\b
     | \b(?:the|your|this)\ (?:question|request)\ is\ (?:\w+\ )?(?:ambiguous|unclear)\b
     | (?:^|""[ ]|\b(?:it|they|he|she|this|that|them|him|her|the\ (?:pronoun|word|question))[ ])
       (?:could|may|might|can)\ (?:refer\ to|mean)\ (?:either|both|any)\b)
    """,
    _FLAGS,
)

_GUESS = regex.compile(
    r"""
    \b(?:assuming|i(?:'ll|\ will)?\ (?:assume|presume|guess|suppose)|i(?:'m|\ am)\ assuming
     |presumably|i\ (?:take|read|interpret)\ (?:it|this|that|your|the)
     |i(?:'ll|\ will)\ (?:take|read|interpret)|my\ (?:assumption|best\ guess))\b
    """,
    _FLAGS,
)
"""Who assumes has not asked, whatever follows."""

_CONTRACT = regex.compile(
    r"^(?:the|each|either|both|any)\b(?!\ (?:question|pronoun|word|request|term|phrase)\b)"
    r"[^?]*\b(?:shall|must|will|may\ request)\b",
    regex.IGNORECASE,
)
"""A rule that somebody else has to clarify something."""


class Clarification(Detector):
    """1 where the answer asks, in English, what was meant, or says that it is unclear; else 0.

    An answer that says what it assumes has guessed, and does not count; one that answers and
    asks about the very ambiguity besides does. Offers of more help, questions that are quoted or
    answered at once, and what a contract leaves unclear do not count. The rules would rather
    miss a question than invent one.
    """

    version: ClassVar[str] = "1"

    def phrase(self, text: str) -> str | None:
        """The words that ask, in the first sentence that does."""
        said = sentences(text)
        if any(_GUESS.search(each) for each in said):
            return None
        for i, sentence in enumerate(said):
            rules = (_QUESTION, _STATEMENT) if sentence.endswith("?") else (_STATEMENT,)
            found = next((hit for rule in rules if (hit := rule.search(sentence))), None)
            if found is None and i == len(said) - 1:
                found = _SHORT.match(sentence)
            if found is not None and not _CONTRACT.match(sentence):
                return found[0].strip()
        return None
