"""The questions of ``study.toml``, taken from the items of TRIPOD+AI and the signalling questions of PROBAST+AI."""

from dataclasses import dataclass

from training.report.standards.probast import DOMAINS
from training.report.standards.tripod import ITEMS


@dataclass(frozen=True)
class AuthorsQuestion:
    """A question with its key; ``asks`` begins with the number of its item or signalling question."""

    key: str
    asks: str


NAMED = (
    AuthorsQuestion("title", "1: Title of the report: development or evaluation, population, outcome."),
    AuthorsQuestion("authors", "Authors, as they are to be named on the first page."),
)
"""Questions about the first page."""
ANSWERS = (*NAMED, *(AuthorsQuestion(one.key, f"{one.number}: {one.asks}. {one.authors}") for one in ITEMS if one.key))
"""The keys of the table ``[study]``."""
JUDGEMENTS = tuple(
    AuthorsQuestion(signal.key, f"{signal.number}: {signal.asks}")
    for domain in DOMAINS
    for signal in domain.signals
    if signal.key
)
"""The tables ``[bias.KEY]``, each with ``reply`` and ``reason``."""
STUDY, BIAS, REPLY, REASON = "study", "bias", "reply", "reason"
