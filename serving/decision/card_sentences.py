"""The sentences of a number's card for the patient: of whom it speaks, what is counted, when, and the complement.

Numbers with another denominator must not look alike: a relapse is counted among those in remission alone.
"""

from serving.decision.frequencies import PEOPLE, Frequency
from serving.decision.model_notes import cause_of_average
from serving.decision.phrases import PagePhrases
from serving.decision.texts import TextCatalogue
from serving.decision.view import DecisionView, OutcomeNumber

DAYS_OF_WEEK = 7


class CardSentences:
    """The sentences of a view's cards in one language."""

    def __init__(self, texts: TextCatalogue, say: PagePhrases, view: DecisionView) -> None:
        """The sentences depend on the other numbers of the view."""
        self._t, self._say, self._view = texts.text, say, view
        self._first = next((one for one in view.numbers if one.outcome == "remission"), None)
        rule = view.study.protocol.remission
        self._in_remission_now = view.study.current and rule.at_landmark

    def heading(self, number: OutcomeNumber) -> str:
        """What the number is about; that of a relapse says that remission comes first."""
        later = number.outcome == "relapse" and not self._in_remission_now
        return self._t("outcome-relapse-later" if later else f"outcome-{number.outcome}")

    def sentences(self, number: OutcomeNumber) -> list[str]:
        """Of whom the number speaks, and how many they are."""
        people, who, time = number.frequency.people, self._who(number), self._say.time(number.outcome, number.days)
        if number.outcome == "remission":
            return [self._t("sentence-remission", people=people, who=who, when=self._window())]
        if number.outcome == "relapse":
            now = "now" if self._in_remission_now else "then"
            return [
                self._t("lead-relapse", who=who, start=now),
                self._t("sentence-relapse", people=people, time=time, start=now),
            ]
        if self._first is None:
            return [self._t("sentence-sustained-now", people=people, who=who, time=time)]
        if self._first.average != number.average:
            return [self._t("sentence-sustained-own", people=people, who=who, time=time)]
        same = self._t("sentence-sustained", people=people, time=time)
        whole = self._first.frequency.people
        return [same, self._t("part-of-first", people=whole)] if 0 < people <= whole < PEOPLE else [same]

    def complement(self, number: OutcomeNumber) -> str:
        """How many of the 100 the number does not count, and how they may fare."""
        rest = self._t(f"complement-{number.outcome}", people=PEOPLE - number.frequency.people)
        return f"{rest} {self._t('others-remission')}" if number.outcome == "remission" else rest

    def sureness(self, number: OutcomeNumber) -> list[str]:
        """The range of a number and how sure it is; of an average why there is none."""
        shown = number.frequency
        if shown.sureness != "none":
            return [f"{self._t('range', low=shown.low, high=shown.high)} {self._t(f'sure-{shown.sureness}')}"]
        if not number.average:
            return [self._t("no-range")]
        if number.outcome == "sustained":
            return [self._t("average-sustained")]
        landmark = self._view.landmark
        fitted = self._view.study.patients.get(landmark.name if landmark else "", {}).get(number.outcome)
        number_of = "unknown" if fitted is None else fitted
        found = [self._t("average-number", kind=self._kind, number=number_of)]
        cause = cause_of_average(self._view.notes, number.outcome)
        return [*found, self._t(f"why-{cause}")] if cause else found

    def in_group(self, shown: Frequency) -> str:
        """What icons without a range do not say."""
        return self._t("in-group", people=shown.people)

    @property
    def _kind(self) -> str:
        return "synthetic" if self._view.study.synthetic else "real"

    def _who(self, number: OutcomeNumber) -> str:
        return self._t("who-study" if number.average else "who-like", kind=self._kind)

    def _window(self) -> str:
        """When remission is rated, in weeks."""
        if not self._view.study.current:
            return self._t("window-unknown")
        rule = self._view.study.protocol.remission
        first, last = (round(day / DAYS_OF_WEEK) for day in rule.window_days)
        same = first == last
        return self._t("window-one" if same else "window", first=first, last=last, anchor=rule.anchor)
