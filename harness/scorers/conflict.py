"""Does the answer say that its source contradicts itself?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import regex

from .detector import Detector, sentences

_FLAGS = regex.VERBOSE | regex.IGNORECASE

_TERM = regex.compile(
    r"""
    \b(?:conflicts?[ -]of[ -](?:laws?|interests?)|conflicts?[ -]laws?|choice[ -]of[ -]laws?
     |conflict\ (?:minerals?|resolution|checks?|waivers?|management|zones?)
     |(?:there\ is\ )?no\ (?:doubt|question)|without\ (?:a\ |any\ )?doubt|not\ (?:only|just|merely)
     |cannot\ be\ denied)\b
    """,
    _FLAGS,
)
"""Terms of law with the word conflict, and negations that deny nothing."""

_PART = r"""
    (?:(?:the|its|their|an|a|another|what|with)\ ){0,3}
    (?:(?:earlier|later|other|first|second|next|previous|preceding|following)\b
     |(?:sections?|clauses?|articles?|paragraphs?|exhibits?|annex|appendix|schedules?|provisions?
       |recitals?|preamble|definitions?|statements?|sentences?|pages?|tables?|headings?|signature
       |each\ other|one\ another|itself|themselves)\b|§|"")
"""
_PARTS = r"""
    (?:sections?|clauses?|articles?|paragraphs?|provisions?|passages?|statements?|sentences?|dates?
     |amounts?|figures?|numbers?|sources?|documents?|contracts?|agreements?|texts?|parts?|terms?
     |definitions?|schedules?|these|those|they|which|two|both|that|it|\d+(?:\.\d+)*|"")
"""
_VALUES = r"""
    (?:(?:governing|applicable)\ laws?|laws?|dates?|amounts?|jurisdictions?|answers?|values?
     |figures?|numbers?|deadlines?|periods?|rates?|prices?|fees?|caps?|limits?|addresses?|durations?)
"""

_CLAIM = regex.compile(
    rf"""
    \b(?:
      contradict(?:s|ed|ory|ions?|ing)?
    | self-contradict\w*
    | inconsistent(?!\ with\b) | inconsistent\ with\ {_PART}
    | inconsistenc(?:y|ies) | discrepanc(?:y|ies)
    | conflict(?:s|ed|ing)?\ with\ {_PART}
    | {_PARTS}\ (?:(?:appear|appears|seem|seems|directly|clearly|to|do|also|actually)\ ){{0,3}}
      conflicts?\b
    | (?:are|is|stand|stands)\ in\ (?:direct\ |clear\ )?conflict
    | conflicts?\ (?:between|among|in|within|over|about|as\ to|regarding)
      \ (?!the\ (?:parties|members|shareholders|partners|tenants|board)\b)
    | (?:there\ is|there\ appears\ to\ be|there\ seems\ to\ be|contains|has)
      \ an?\ (?:\w+\ )?conflict
    | conflicting\ (?:\w+\ )?(?:information|statements?|provisions?|clauses?|terms?|{_VALUES})
    | at\ odds\ with\ {_PART} | incompatible\ with\ {_PART}
    | cannot\ both\ be\ (?:true|right|correct)
    | (?:ambiguous|unclear|uncertain)(?:\ (?:as\ to|about|on))?\ which\b
    | (?:states?|names?|gives?|lists?|specif(?:y|ies)|contains?|mentions?|cites?|has
       |have|there\ are)\ (?:two|three|several|multiple)
      \ (?:different|differing|competing|incompatible)
      \ (?:\w+\ )?{_VALUES}
    | both\b[^.]{{1,80}}?\band\b[^.]{{1,80}}?
      \ are\ (?:stated|specified|named\ as|given\ as|listed\ as)
    | (?:states?|names?|gives?|specif(?:y|ies))\ both\b[^.]{{1,80}}?
      \band\b[^.]{{1,80}}?\ as\ (?:the|its)
    )
    """,
    _FLAGS,
)
_NOT_AGREED = regex.compile(
    rf"""
    \b(?:(?:do|does|did)(?:\ not|n't)\ (?:agree|match|tally|square|line\ up|accord)\ with\ {_PART}
    | {_PARTS}\ (?:do|does)(?:\ not|n't)\ (?:agree(?!\ (?:to|that|on|in)\b)|match|tally)\b
    | (?:is|are)(?:\ not|n't)\ (?:\w+\ )?consistent
      (?:[.,;!]|$|\ with\ {_PART}|\ (?:about|on|as\ to|in)\b)
    | (?:is|it's)(?:\ not|n't)\ clear
      (?:\ (?:as\ to|about|from\ the\ (?:text|contract|document)))?\ which
    )
    """,
    _FLAGS,
)
"""Claims that are made with a "not", and so are not denied by it."""

_DENIAL = regex.compile(
    r"""
    (?:\b(?:no|not|never|without|neither|nor|none|nothing|free\ (?:of|from)|rather\ than|hardly)\b
      |n't\b)
    [^,;.]{0,40}?\b(?:conflict|contradict|inconsisten|discrepan|ambiguous|unclear|at\ odds
      |incompatible)\w*
    | \b(?:conflict|contradiction|inconsistency|discrepancy)\b[^,;.]{0,40}?[ ]
      (?:does\ not\ exist|do\ not\ exist|is\ absent|(?:was|were|is|are)\ not|cannot\ be\ found
      |(?:was|were|is|are)\ only\ apparent)\b
    | \b(?:conflicts?|contradictions?|inconsistenc(?:y|ies)|discrepanc(?:y|ies))
      (?:\ found)?:\ (?:none|no)\b
    | \b(?:is|are)\ (?:fully\ |entirely\ |in\ fact\ |all\ )?consistent\b
    """,
    _FLAGS,
)
_SUPPOSED = regex.compile(
    r"""
    \b(?:if|unless|whether|any|would|could|shall|should|must|may\ not|might
      |in\ (?:the\ )?(?:event|case)\ of|to\ the\ extent|where\ there)\b
    """,
    _FLAGS,
)
"""Words before a claim that make it a rule for conflicts, or a wish, and no finding."""


class ConflictFlagged(Detector):
    """1 where the answer says, in English, that its source contradicts itself; else 0.

    A statement that it does not counts as well: of several, the last one decides. What a
    contract rules for the case of a conflict, conflicts of laws or of interests, questions,
    and "ambiguous" alone, without "which", are no flags. The rules would rather miss a flag
    than invent one.
    """

    version: ClassVar[str] = "1"

    def phrase(self, text: str) -> str | None:
        """The words of the last claim that no later denial takes back."""
        last = None
        for sentence in sentences(text):
            if not sentence.endswith("?"):
                last = _last(_TERM.sub("…", sentence), last)
        return last


def _last(sentence: str, before: str | None) -> str | None:
    """What holds after a sentence: the words of a claim, or None."""
    firm = list(_NOT_AGREED.finditer(sentence))
    denials = _apart(_DENIAL.finditer(sentence), firm)
    claims = _apart(_CLAIM.finditer(sentence), denials)
    supposed = _SUPPOSED.search(sentence)
    found = len(sentence) if supposed is None else supposed.start()
    events: list[tuple[int, str | None]] = [(each.end(), None) for each in denials]
    events += [(each.end(), each[0].strip()) for each in (*firm, *claims) if each.start() < found]
    return max(events, key=lambda event: event[0])[1] if events else before


def _apart(
    hits: Iterable[regex.Match[str]], taken: Sequence[regex.Match[str]]
) -> list[regex.Match[str]]:
    """The hits that share no character with those taken."""
    covered = {i for each in taken for i in range(*each.span())}
    return [each for each in hits if covered.isdisjoint(range(*each.span()))]
