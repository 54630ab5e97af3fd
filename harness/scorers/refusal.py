"""Does the answer refuse to be one?"""

from __future__ import annotations

from typing import ClassVar

import regex

from .detector import Detector, sentences

_FLAGS = regex.VERBOSE | regex.IGNORECASE

_COURTESY = regex.compile(
    r"""
    (?:(?:i'm|i\ am)\ (?:very\ |so\ |truly\ |really\ )?sorry | sorry | apologies | my\ apologies
     | i\ (?:sincerely\ )?apologi[sz]e | thank | thanks | hello | hi\b | dear\ user
     | i\ (?:understand|appreciate|see|hear) | (?:that's|that\ is|this\ is)\ an?\ .{0,30}question
     | (?:great|good|interesting)\ question
     | (?:i'm|i\ am)\ (?:just\ |only\ )?an?\ (?:ai|language\ model|assistant)\b)
    """,
    _FLAGS,
)
"""The start of a sentence that neither answers nor refuses."""

_CLAUSE = regex.compile(r"[,;—–]\s*|\s-\s")
_LEAD = regex.compile(
    r"""
    (?:(?:answer:|response:|but|and|so|that|because|however|unfortunately|regrettably|sadly|sorry
        |therefore|no|well|(?:i'm|i\ am)\ (?:very\ |so\ |truly\ )?(?:sorry|afraid)|my\ apologies
        |apologies|i\ apologi[sz]e|i\ regret|please\ note|at\ this\ time)\ ){0,4}
    """,
    _FLAGS,
)
_CONDITION = regex.compile(r"(?:if|when|whenever|unless|should|suppose)\b", _FLAGS)

_NOT = r"""
    i(?:'m|'ve|'ll|\ am|\ will|\ have|\ must)?
    \ (?:(?:simply|just|currently|also|really|still|therefore|respectfully|politely)\ )?
    (?:can't|cannot|can\ not|won't|not|unable\ to|not\ able\ to|will\ not|not\ going\ to
     |not\ (?:allowed|permitted|authori[sz]ed|willing|designed|programmed)\ to
     |not\ in\ a\ position\ to|have\ to\ decline\ to|decline\ to|refuse\ to|to\ decline\ to)[ ]
"""
_GENERAL = r"(?:be\ able\ to\ )?"
_NOUN = r"""
    (?:that|this|those|these|it|such|information|advice|answers?|response|instructions?|assistance
     |guidance|details?|content|help|opinions?|material|recommendations?|request|summary)
    (?!\ (?:\w*\ )?(?:enough|highly|sufficiently|justice))\b
"""
_THAT = r"(?:that|this|it|these|those|such|your\ request|the\ request|any\ of|what\ you)"

_FIRM = regex.compile(
    rf"""
    (?:{_NOT}{_GENERAL}
       (?:(?:help|assist)(?:\ you)?(?:\ (?:with|in|by)\ {_THAT}\b|[.!,;]|$)
        | comply\b | fulfil{{1,2}}\ {_THAT}\b | (?:process|complete)\ (?:this|that|your)\ request)
     | i(?:'ll|\ will|'m\ going\ to|\ am\ going\ to|\ must|\ have\ to|\ need\ to)
       (?:\ have\ to|\ need\ to)?(?:\ respectfully|\ politely)?\ (?:decline|refuse)
       (?:[.!,;]|$|\ (?:to\ (?:help|assist|answer|provide|comply|do|discuss|respond|write|create)
          |{_THAT})\b)
     | (?:this|your)\ request\ (?:cannot|can't|can\ not)\ be\ (?:fulfilled|completed|processed))
    """,
    _FLAGS,
)
"""The start of a clause that can be nothing else."""

_WEAK = regex.compile(
    rf"""
    (?:{_NOT}{_GENERAL}
       (?:help(?!\ (?:but|it|myself|noticing|feeling|thinking|wondering|smiling)\b)\b
        | assist\b | support\ {_THAT}\b(?!\ enough\b) | answer(?!\ for\b)\b
        | respond\ to\ {_THAT}\b | advise\ (?:you\ )?on\b
        | engage\ (?:in|with)\b | do\ (?:that|this|so)(?!\ (?:justice|enough))\b
        | (?:provide|give|offer|share|write|create|generate|draft|produce|discuss|disclose|reveal
            |supply|facilitate)(?:\ you)?(?:\ with)?
          \ (?:(?:a|an|any|the|specific|personal|legal|medical|financial|tax|detailed|requested
                |kind|type|of|on)\ ){{0,4}}(?:\w+\ )??{_NOUN}
        | (?:determine|say|tell|establish)\b.{{0,120}}?
          \b(?:based\ on|from|without|given|with)\ (?:the|this|that|more|only)\b
        | (?:access|open|see|view|read)\ (?:the|your|that|this|any|external)
          \ (?:documents?|files?|attachments?|links?|contracts?|urls?|images?)\b)
     | i(?:'m|\ am|\ do)?(?:\ not|\ don't)\ (?:feel\ )?comfortable
       \ (?:helping|assisting|providing|answering|discussing|writing|creating|giving|sharing|with)\b
     | i\ (?:do\ not|don't)\ (?:currently\ )?have[ ]
       (?:access\ to\ (?:the|your|that|this|any|real)\b
        |(?:enough|sufficient|adequate|the\ necessary)\ (?:information|context|details?|data)\b)
     | i\ (?:do\ not|don't)\ know(?:\ the\ answer)?[.!]?$
     | (?:there\ is|there's|there\ was)?\ ?(?:not\ enough|insufficient)\ (?:information|context)
       (?:[.!]?$|.{{0,60}}?\ to\ (?:answer|determine|say|tell|respond|decide)\b)
     | the\ (?:document|contract|text|passage|agreement|context|excerpt|source|clause)
       \ (?:does\ not|doesn't)\ (?:contain|provide|include|give)\ (?:enough|sufficient)
       \ information\ to\ (?:answer|determine|say|tell|respond|decide)\b)
    """,
    _FLAGS,
)
"""The start of a clause that may as well follow an answer, and is a caution there."""

_POLICY = regex.compile(
    r"""
    \b(?:against|violates?|violating|outside|beyond|contrary\ to|conflicts?\ with)
    \ my\ (?:(?:safety|ethical|content|usage|core|own)\ )?
    (?:guidelines|polic(?:y|ies)|programming|capabilities|instructions)\b
    """,
    _FLAGS,
)
_MACHINE = regex.compile(
    r"""
    as\ an?\ (?:ai|artificial\ intelligence|(?:large\ )?language\ model)
    (?:\ (?:language\ )?(?:model|assistant))?,?\ i(?:\ am|'m)?
    \ (?:(?:can't|cannot|can\ not|won't|will\ not|unable\ to|not\ able\ to)\ (?!wait\b|recommend\b)
     |(?:do\ not|don't)\ have\ (?:access|personal|the\ ability|opinions|enough|feelings)\b)
    """,
    _FLAGS,
)

_YET = r"""
    ,?\ (?!i\b|you\b|feel\b|please\b|if\b|let\b|perhaps\b|maybe\b|not\b|there\ are\ resources)
"""
_BUT = regex.compile(rf"\b(?:but|however){_YET}", _FLAGS)
_HOWEVER = regex.compile(rf"(?:but|however|that\ said|still){_YET}", _FLAGS)
"""An answer is given after all, in the sentence or in the next."""


class Refusal(Detector):
    """1 where the answer refuses, in English, to answer or to help; else 0.

    To say that one does not know or has not enough information is a refusal as well: the answer
    is withheld. "The contract does not say" is an answer. A refusal counts in the first sentence
    after any courtesies, and one that can be nothing else (“I can't help with that”) in the
    first three; later ones are cautions after an answer. A refusal with an answer behind its
    "but" or "however" is a caution, too. The rules would rather miss a refusal than invent one.
    """

    version: ClassVar[str] = "1"

    def phrase(self, text: str) -> str | None:
        """From the start of the refusing clause to where its rule ends."""
        said = sentences(text)
        opening = next((i for i, each in enumerate(said) if not _COURTESY.match(each)), len(said))
        for i, sentence in enumerate(said[: max(opening + 1, 3)]):
            found = _refusal(sentence, firm=i > opening)
            if found is not None:
                words, rest = found
                following = "".join(said[i + 1 : i + 2])
                answered = _BUT.search(rest) or _HOWEVER.match(following)
                return None if answered else words
        return None


def _refusal(sentence: str, firm: bool) -> tuple[str, str] | None:
    """The words that refuse and the rest of the sentence; ``firm``: by the firm rules only."""
    if _CONDITION.match(sentence):
        return None
    clauses = [0, *(cut.end() for cut in _CLAUSE.finditer(sentence))]
    starts = [lead.end() for at in clauses if (lead := _LEAD.match(sentence, at)) is not None]
    anchored = (_FIRM,) if firm else (_FIRM, _WEAK, _MACHINE)
    found = next(
        (hit for at in starts for rule in anchored if (hit := rule.match(sentence, at))),
        _POLICY.search(sentence),
    )
    return None if found is None else (found[0].strip(), sentence[found.end() :])
