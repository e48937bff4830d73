"""What the page says of the decision about the model: for which numbers it was released, and what was passed over."""

import datetime as dt
from collections.abc import Iterator, Sequence

from serving.contract.description import PromotionDescription
from serving.contract.response import WithheldQuestion
from serving.decision.phrases import PagePhrases
from serving.decision.texts import TextCatalogue


class ReleasePhrases:
    """The sentences in one language; checks keep their English names."""

    def __init__(self, texts: TextCatalogue, say: PagePhrases) -> None:
        """``say`` names times."""
        self._t, self._say = texts.text, say

    def footer(self, promotion: PromotionDescription | None, *, has_numbers: bool) -> str:
        """For everybody: that the numbers are released, or were although checks failed; empty if it is not known.

        A page without numbers does not say that they are released.
        """
        if promotion is None or not (has_numbers or promotion.overridden):
            return ""
        return self._t("footer-overridden" if promotion.overridden else "footer-promoted")

    def decision(self, promotion: PromotionDescription, *, has_numbers: bool) -> str:
        """For the clinician: by whom and when the model was promoted, and for the clinic if there are numbers."""
        day = self._t("date", date=dt.date.fromisoformat(promotion.at[:10]))
        promoted = "model-promoted" if has_numbers else "model-decided"
        name = "model-overridden" if promotion.overridden else promoted
        return self._t(name, by=promotion.by, date=day, decision=promotion.decision)

    def withheld(self, questions: Sequence[WithheldQuestion]) -> str:
        """The questions whose answers are not given."""
        return self._t("model-withheld", questions="; ".join(self._named(questions)))

    def _named(self, questions: Sequence[WithheldQuestion]) -> Iterator[str]:
        for one in questions:
            kind, _, days = one.question.partition("_")
            if kind == "relapse":
                yield self._t("exact-relapse", time=self._say.time("relapse", int(days)))
            elif kind == "sustained":
                yield self._t("exact-sustained", time=self._say.time("sustained", int(days)))
            else:
                yield self._t("exact-remission")
