"""How the protocol defines the outcomes of a patient, and how the model did for held-out patients: for clinicians."""

from collections.abc import Iterator, Sequence

from features.protocol.columns import COMPETING_EVENTS
from features.protocol.instruments import Instrument
from models.performance import MeasuredPerformance, PerformanceFigure, QuestionPerformance
from serving.decision.names import PageNames
from serving.decision.phrases import PagePhrases
from serving.decision.texts import TextCatalogue
from serving.decision.view import DecisionView

MEASURES = ("auc", "calibration_slope", "observed_to_expected")


class OutcomeDefinitions:
    """The definitions behind a view in one language."""

    def __init__(self, texts: TextCatalogue, names: PageNames, say: PagePhrases, view: DecisionView) -> None:
        """Definitions of the study of the model that answered."""
        self._t, self._names, self._say, self._view = texts.text, names, say, view
        self._protocol = view.study.protocol

    def outcomes(self) -> list[str]:
        """Remission, relapse, its clock and competing events; empty if scale or protocol are not known."""
        if self._view.scale is None:
            return []
        return [*self._remission(self._view.scale), self._relapse(self._view.scale), self._clock(), self._competing()]

    def performance(self) -> list[str]:
        """The figures for the shown numbers at this landmark, a line for each cohort; and what was never validated."""
        study, lines = self._view.study, []
        if study.performance is not None:
            lines = [line for one in study.performance.measured if (line := self._measured(one))]
        if study.current and study.performance is None:
            lines.append(self._t("performance-none"))
        if study.synthetic and not study.validated_on_real_patients:
            lines.append(self._t("not-validated"))
        return lines

    def _remission(self, scale: Instrument) -> Iterator[str]:
        rule = self._protocol.remission
        if rule.at_landmark:
            yield self._t("define-remission-now")
            return
        first, last = rule.window_days
        yield self._t(
            "define-remission",
            scale=self._names.scale(scale),
            band=self._band(scale, 0),
            drop=scale.reliable_change if rule.require_reliable_drop else "none",
            first=first,
            last=last,
            anchor=rule.anchor,
        )

    def _relapse(self, scale: Instrument) -> str:
        rule = self._protocol.relapse
        events = ", ".join(map(self._names.event, rule.events))
        if rule.rule == "event":
            return self._t("define-relapse-event", events=events)
        first, last = rule.confirm_within_days
        return self._t(
            "define-relapse",
            scale=self._names.scale(scale),
            band=self._band(scale, 1),
            rise=scale.reliable_change,
            confirm="yes" if rule.asks_for_confirmation else "no",
            first=first,
            last=last,
            events=events,
        )

    def _clock(self) -> str:
        return self._t("define-clock", start="landmark" if self._protocol.remission.at_landmark else "reading")

    def _competing(self) -> str:
        return self._t("define-competing", events=", ".join(map(self._names.event, COMPETING_EVENTS)))

    def _band(self, scale: Instrument, which: int) -> str:
        name, number = list(scale.cut_offs.items())[which]
        return self._t("at-most" if name.endswith("at_most") else "at-least", number=number)

    def _measured(self, measured: MeasuredPerformance) -> str:
        name = "" if self._view.landmark is None else self._view.landmark.name
        found = [one for landmark in measured.landmarks if landmark.landmark == name for one in landmark.questions]
        shown = [line for question in found if self._is_shown(question) and (line := self._question(question))]
        if not shown:
            return ""
        kind = self._t(f"measured-{measured.kind.replace(' ', '-')}", patients=measured.patients)
        made_up = f" ({self._t('synthetic')})" if measured.synthetic else ""
        return f"{kind}{made_up}: {'; '.join(shown)}."

    def _is_shown(self, question: QuestionPerformance) -> bool:
        """Lasting remission follows from the two heads, and is left out."""
        return question.head != "sustained" and any(
            (question.head, question.horizon_days) == (one.outcome, one.days) for one in self._view.numbers
        )

    def _question(self, question: QuestionPerformance) -> str:
        figures: Sequence[tuple[str, PerformanceFigure | None]] = [(name, getattr(question, name)) for name in MEASURES]
        written = [self._figure(name, one) for name, one in figures if one is not None and one.estimate is not None]
        if not written:
            return ""
        outcome = next(one for one in self._view.numbers if one.outcome == question.head)
        return f"{self._say.outcome(outcome)} {', '.join(written)}"

    def _figure(self, name: str, figure: PerformanceFigure) -> str:
        key = name.replace("_", "-")
        if figure.low is None or figure.high is None:
            return self._t(f"figure-{key}", estimate=self._number(figure.estimate or 0.0))
        between = {"low": self._number(figure.low), "high": self._number(figure.high)}
        return self._t(
            f"figure-{key}", estimate=self._t("figure", estimate=self._number(figure.estimate or 0.0), **between)
        )

    def _number(self, value: float) -> str:
        return f"{value:.2f}".replace(".", self._t("decimal-mark"))
