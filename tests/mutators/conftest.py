"""Texts to mutate."""

from hypothesis import strategies as st

_SENTENCES = (
    "Acme shall pay the fee of $40,000 to Birch within 30 days and is not liable for damage "
    "Ohio law governs it does not apply can't won't cannot Mary keeps a copy"
)
WORDS = st.sampled_from(_SENTENCES.split())
PROSE = st.lists(
    st.lists(WORDS, min_size=1, max_size=9).map(lambda words: f"{' '.join(words)}. "), max_size=5
).map("".join)
TEXTS = st.one_of(st.text(st.characters(exclude_categories=()), max_size=80), PROSE)
"""Anything at all, lone surrogates among it, and what looks like sentences."""
