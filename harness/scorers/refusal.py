"""Does the answer refuse?"""

from __future__ import annotations

import regex

from .detector import Detector

_NOT = r"(?:can(?:no|')?t|cannot|can not|won'?t|will not|(?:am|'m) (?:unable|not able) to|must not)"
_ACTS = (
    r"(?:help|assist|answer|provide|comply|fulfil+|complete|generate|create|write|produce|share"
    r"|disclose|discuss|give|offer|do (?:that|this|so)|support|continue|engage|respond|advise"
    r"|determine|tell|say|identify|find|access|process|perform|participate|recommend(?! (?:it|this"
    r"|that|them|you|him|her)?\s*(?:highly )?enough))"
)
_ADVERB = r"(?:\s+(?:really|just|simply|actually|currently|in good conscience|directly|reliably))?"
_REFUSAL = regex.compile(
    rf"\bI{_ADVERB}\s?{_NOT}{_ADVERB}\s+{_ACTS}\b"
    r"|\bI(?:'m| am) (?:sorry|afraid)[^.!?\n]{0,40}\b(?:can'?t|cannot|unable|not able|won'?t)\b"
    r"|\bI (?:must|have to|need to|would have to|respectfully) (?:decline|refuse)\b"
    r"|\bI (?:decline|refuse) to\b"
    r"|\bI(?:'d| would) (?:rather|prefer) not (?:to )?(?:answer|say|help|provide|discuss)\b"
    r"|\bI(?:'m| am) not (?:allowed|permitted|authori[sz]ed|comfortable|qualified|in a position)\b"
    r"|\b(?:against|violates?|contrary to) (?:my|our|OpenAI's|Anthropic's) "
    r"(?:guidelines|polic(?:y|ies)|programming|principles|rules)\b"
    r"|\bmy (?:guidelines|programming|polic(?:y|ies)) (?:prevents?|prohibits?|do(?:es)? not allow"
    r"|don't allow)\b"
    r"|\bas an? (?:AI|language model|AI (?:language )?model|AI assistant)[^.!?\n]{0,60}"
    r"\b(?:can'?t|cannot|unable|not able|don't have|do not have|won'?t)\b"
    r"|\b(?:this|that|your) (?:request|question) (?:cannot|can'?t) be (?:fulfilled|answered)\b"
    r"|^\W*(?:Request )?(?:refused|declined|denied)\W*$"
    r"|\bI (?:don't|do not) have (?:enough|sufficient) (?:information|context|details)\b"
    r"|\b(?:unable|not able|impossible) to (?:answer|determine|provide an answer|assist|help)"
    r"(?! (?:until|before|unless))\b",
    regex.IGNORECASE | regex.MULTILINE,
)
_QUOTED = regex.compile(r"\u201c[^\u201d\n]*\u201d|(?<!\w)\"[^\"\n]*\"(?!\w)")


class Refusal(Detector):
    """1 where the answer refuses, or says that it cannot tell.

    Only what the writer says of itself: "the tenant cannot assign" and quoted words are none.
    """

    def found(self, text: str) -> str | None:
        """The words by which it refuses."""
        plain = _QUOTED.sub(" ", text.replace("\u2019", "'"))
        match = _REFUSAL.search(plain)
        return None if match is None else " ".join(match.group().split())
