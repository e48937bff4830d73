"""The page's clauses that are put together from several texts: numbers, ranges, times and weights."""

from collections.abc import Sequence
from dataclasses import replace

from serving.contract.response import Applicability, Caution
from serving.decision.curve import CurveFigure
from serving.decision.features import FeatureWeight, GroupWeight
from serving.decision.frequencies import PEOPLE, Frequency
from serving.decision.model_notes import ModelNote
from serving.decision.names import PageNames, key_of
from serving.decision.percents import percent_digits
from serving.decision.questions import OpenQuestion
from serving.decision.study import StudyFacts
from serving.decision.texts import TextCatalogue
from serving.decision.view import OutcomeNumber, ReachedLandmark
from serving.prediction.caution_sources import shown_source

DAYS_OF_WEEK = 7
DIGEST_DIGITS = 12
PERCENT_TEXTS = {"": "percent", "under": "percent-under", "over": "percent-over"}
MOST_NAMED = 4
"""Facts that are named to a patient; more would be a list that nobody reads."""


class PagePhrases:
    """The clauses in one language."""

    def __init__(self, texts: TextCatalogue, names: PageNames) -> None:
        """Clauses of these texts and names."""
        self._t = texts.text
        self._names = names

    def landmark(self, landmark: ReachedLandmark) -> str:
        """Until when facts were used."""
        date = "none" if landmark.date is None else self._t("date", date=landmark.date)
        name = self._names.landmark(landmark.name)
        return self._t("known-until", landmark=name, day=landmark.day, date=date)

    def clinical_landmark(self, landmark: ReachedLandmark) -> str:
        """The landmark with its day and date."""
        date = "none" if landmark.date is None else self._t("date", date=landmark.date)
        return self._t("landmark", landmark=self._names.landmark(landmark.name), day=landmark.day, date=date)

    def time(self, outcome: str, days: int | None) -> str:
        """A time in weeks, or in days if it is not a number of weeks; empty for ``None``.

        A relapse comes within it, a remission lasts for it: some languages say the two in different cases.
        """
        if days is None:
            return ""
        case = "-within" if outcome == "relapse" else "-long"
        weeks, rest = divmod(days, DAYS_OF_WEEK)
        return self._t(f"days{case}", days=days) if rest or not weeks else self._t(f"weeks{case}", weeks=weeks)

    def number(self, shown: Frequency) -> str:
        """How many of 100 people."""
        return self._t("of-100", people=shown.people)

    def sooner(self, number: OutcomeNumber) -> list[str]:
        """The number at shorter horizons."""
        return [
            self._t(f"sooner-{number.outcome}", time=self.time(number.outcome, days), number=self.with_range(shown))
            for days, shown in number.sooner
        ]

    def with_range(self, shown: Frequency) -> str:
        """A number with its range, if it has one."""
        if shown.low is None:
            return self.number(shown)
        return self._t("value-range", number=self.number(shown), low=shown.low, high=shown.high)

    def icons(self, shown: Frequency) -> str:
        """The 100 icons as text."""
        if shown.low is None or shown.high is None:
            return self._t("icons-plain", people=shown.people, empty=PEOPLE - shown.people)
        counts = {"low": shown.low, "between": shown.high - shown.low, "empty": PEOPLE - shown.high}
        return self._t("icons-range", people=shown.people, **counts)

    def curve(self, drawing: CurveFigure) -> str:
        """The curve as text: its last number."""
        week, shown = drawing.rows[-1]
        return self._t("curve-summary", people=self.with_range(shown), week=week)

    def group(self, group: GroupWeight) -> str:
        """A group of features, and the one that counts most in it with where it stands."""
        name = self._t(key_of("group", group.group))
        shown, most = f"{name[:1].upper()}{name[1:]}", group.most
        if most is None:
            return shown
        feature, stand = self._names.plain_feature(most.name, most.meaning), most.stand
        if feature == name:
            return shown if stand == "unknown" else f"{shown}: {self._t('stand', stand=stand)}"
        if stand == "unknown":
            return self._t("weighing-most", group=shown, feature=feature)
        return self._t("weighing-most-stand", group=shown, feature=feature, stand=self._t("stand", stand=stand))

    def missing(self, used: Sequence[str]) -> tuple[str, list[str], str]:
        """What the model looks at and was not recorded, for the patient: how much, which if little, and so what."""
        if len(used) > MOST_NAMED:
            return self._t("missing-many", number=len(used)), [], ""
        named = [self._names.plain_feature(one) for one in used]
        return (
            self._t("missing-few", number=len(used)),
            named,
            self._t("missing-with", number=len(used)) if used else "",
        )

    def exact(self, numbers: Sequence[OutcomeNumber]) -> list[tuple[str, str, str]]:
        """Every number with its interval, the sooner horizons before the longest."""
        every = [
            (replace(number, days=days), shown)
            for number in numbers
            for days, shown in (*number.sooner, (number.days, number.frequency))
        ]
        return [
            (self.outcome(number), self.percent(shown.probability), self.interval(shown)) for number, shown in every
        ]

    def outcome(self, number: OutcomeNumber) -> str:
        """What a number is about, in a clinician's words."""
        return self._t(f"exact-{number.outcome}", time=self.time(number.outcome, number.days))

    def percent(self, probability: float) -> str:
        """A probability in percent, as a card shows it."""
        bound, digits = percent_digits(probability)
        return self._t(PERCENT_TEXTS[bound], number=digits.replace(".", self._t("decimal-mark")))

    def interval(self, shown: Frequency) -> str:
        """The interval of a probability, rounded to the nearest as the probability is."""
        if shown.interval is None:
            return self._t("no-interval")
        low, high = map(self.percent, shown.interval)
        return self._t("what-if-range", low=low, high=high)

    def weights(self, features: Sequence[FeatureWeight]) -> str:
        """Features with their values and weights."""
        return "; ".join(map(self._weight, features)) or self._t("nothing-listed")

    def _weight(self, one: FeatureWeight) -> str:
        feature, weight = (
            self._names.feature(one.name, one.meaning),
            f"{one.weight:+.2f}".replace("-", "\N{MINUS SIGN}"),
        )
        weight = weight.replace(".", self._t("decimal-mark"))
        if one.value is None:
            return self._t("contribution", feature=feature, weight=weight)
        return self._t("contribution-value", feature=feature, value=self._names.value(one), weight=weight)

    def features(self, names: Sequence[str]) -> str:
        """Features by name."""
        return "; ".join(map(self._names.feature, names))

    def alikeness(self, found: Applicability | None) -> str:
        """Whether the patient is comparable with the training patients, and if not, why."""
        if found is None:
            return self._t("like-unknown")
        if found.verdict == "inside":
            return self._t("like-inside")
        why = "; ".join(self._names.unlike(reason, found.verdict) for reason in found.reasons)
        return self._t("like-edge" if found.verdict == "at_the_edge" else "like-outside", why=why)

    def source(self, caution: Caution) -> str:
        """The source of a caution."""
        return shown_source(caution.source, self._t("not-checked"), self._t("our-judgement"))

    def note(self, note: ModelNote) -> str:
        """A note on the model in words of the language; empty where there are none."""
        found = self._names.note(note)
        return f"{self._t(f'contributions-{note.head}')}: {found}" if found and note.head else found

    def model(self, version: str, digest: str, prediction_id: str, landmark: str | None, study: StudyFacts) -> str:
        """Which model answered, and on how many patients it was fitted."""
        heads = " ".join(
            self._t(f"model-head-{name}", number=patients)
            for name, patients in study.patients.get(landmark or "", {}).items()
        )
        shown = digest[:DIGEST_DIGITS]
        return self._t("model-fitted", version=version, digest=shown, id=prediction_id, heads=heads).strip()

    def question(self, question: OpenQuestion) -> str:
        """The label of a question, which is about another person."""
        if question.instrument:
            return self._t("what-if-rating", scale=self._names.score(question.instrument, question.meaning))
        if question.kind == "choice":
            name = self._names.choice_of(question.name)
        else:
            name = self._names.asked(question.name, question.feature, question.meaning)
        return f"{name[:1].upper()}{name[1:]}"

    def limits(self, question: OpenQuestion) -> str:
        """The range of a question's answers."""
        low, high = question.minimum, question.maximum
        if low is None or high is None:
            return ""
        if question.instrument:
            return self._t("what-if-range-rating", low=low, high=high, better=question.higher_is)
        if not question.unit:
            return self._t("what-if-range", low=low, high=high)
        return self._t("what-if-range-unit", low=low, high=high, unit=self._names.unit(question.unit))
