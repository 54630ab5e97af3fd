"""How the tests ask for mutations."""

from harness.suite.mutating import Draw, Mutated, Mutator, Seed

TEXT = (
    "Acme shall pay Birch $40,000 within 30 days of March 3, 2024. Mary does not sign it, and he "
    "keeps a copy. This clause is governed by the law of Ohio."
)


def made(mutator: Mutator, text: str = TEXT, target: str | None = "Ohio", seed: str = "s",
         choices: tuple[str, ...] = ("Ohio", "Texas", "Utah")) -> tuple[Mutated, ...]:  # fmt: skip
    """All mutations."""
    return mutator.mutate(Seed(text, target, choices), Draw(seed))


def texts(
    mutator: Mutator, text: str = TEXT, target: str | None = "Ohio", seed: str = "s"
) -> list[str]:
    """Their texts."""
    return [each.text for each in made(mutator, text, target, seed)]
