"""Does the answer say that its source contradicts itself?"""

from __future__ import annotations

import regex

from .detector import Detector

_TERMS = regex.compile(
    r"\bconflicts? of (?:laws?|interests?)\b|\bchoice[- ]of[- ]law conflicts?\b"
    r"|\b(?:shall|will|may|should|must) (?:not )?(?:conflict|contradict)\b"
    r"|\bin the event of (?:a|any) (?:conflict|inconsistency)\b"
    r"|\b(?:if|where|when|should) (?:there (?:is|are)|any)[^.;\n]{0,20}"
    r"(?:conflict|contradiction|inconsistenc)\w*",
    regex.IGNORECASE,
)
"""Words of contracts that speak of conflicts and flag none."""
_DENIED = regex.compile(
    r"\b(?:no|not|without(?: any)?|never|nothing|neither|isn't|aren't|doesn't|don't|hardly|free of)"
    r"\b(?! only)"
    r"[^.;,\n]{0,30}"
    r"\b(?:conflict|contradict|inconsisten|ambigu|discrepan|disagree)\w*",
    regex.IGNORECASE,
)
_FLAG = regex.compile(
    r"\b(?:conflict(?:s|ing|ed)?|contradict(?:s|ing|ed|ion|ions|ory)?|self-contradictory"
    r"|inconsisten(?:t|cy|cies)|discrepanc(?:y|ies)|ambiguous|ambiguity|irreconcilable"
    r"|incompatible|disagree(?:s)?)\b"
    r"|\b(?:unclear|not clear|uncertain) (?:which|whether)\b|\bnot consistent\b"
    r"|\b(?:two|three|several|multiple|different) (?:different |competing |governing )*"
    r"(?:laws|states|dates|amounts|deadlines|parties|answers|values|numbers|jurisdictions"
    r"|governing laws) (?:are|is) (?:given|named|stated|mentioned|specified|listed)\b"
    r"|\bdo(?:es)? not (?:agree|match|line up)(?: with (?:each other|one another|itself))?\b"
    r"|\bboth [\w$][\w ,$.]{0,40} and [\w$][\w ,$.]{0,40} (?:are|is) "
    r"(?:given|named|stated|specified|mentioned)\b"
    r"|\b(?:says|states|names) (?:both|two different)\b"
    r"|\bat odds\b",
    regex.IGNORECASE,
)


class ConflictFlagged(Detector):
    """1 where the answer says that what it rests on contradicts itself, and does not deny it.

    Terms of art such as "conflict of laws" are no flag.
    """

    def found(self, text: str) -> str | None:
        """The words that say so."""
        plain = _TERMS.sub(" ", text.replace("\u2019", "'"))
        match = _FLAG.search(_DENIED.sub(" ", plain))
        return None if match is None else " ".join(match.group().split())
