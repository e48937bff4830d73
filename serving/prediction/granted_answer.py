"""What of an answer is given: the questions promoted for the clinic; those in shadow go to the log alone.

A withheld probability is not said elsewhere in the answer: not in the curve, in the reasons, or beside a product of it.
So sustained remission is given only beside remission and relapse, and the curve only as far as all its questions are.
The reverse does not hold: where remission and relapse are given, sustained remission is nearly remission times one less
relapse, although it is withheld. If it must not be known, remission or relapse is to be withheld too.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, get_args

from models.outcome_model import OutcomeModel
from models.promotion import REMISSION, TIERS, Granted, questions, rests_on
from serving.contract.response import Document, QuestionTier, WithheldCode
from serving.prediction.no_prediction import not_predictable, not_promoted

CLINIC: Final = "clinic"
SHADOW: Final = "shadow"
NOT_PROMOTED: Final = "not_promoted"
_LEVELS: Final[Mapping[str, int]] = {NOT_PROMOTED: -1, **{tier: level for level, tier in enumerate(TIERS)}}
_WHY: Final[Mapping[str, tuple[WithheldCode, str]]] = {
    "shadow": ("in_shadow", "is in shadow: it is computed and logged, and not given"),
    "research": ("research_only", "is promoted for research only, and not given"),
    "not_promoted": ("not_promoted", "is not promoted at this landmark, and not given"),
}
WITHHELD_CODES: Final = get_args(WithheldCode)
_LASTING = "sustained"


class SplitAnswer(NamedTuple):
    """The part of an answer that is given, and the part for the log alone, if there is one."""

    given: Document
    shadow: Document | None


@dataclass(frozen=True)
class _QuestionNames:
    """The questions of one landmark; sustained remission rests on the others of the same horizon."""

    horizons: tuple[int, ...]
    in_remission_at_landmark: bool

    @property
    def all(self) -> tuple[str, ...]:
        return questions(self.horizons, in_remission_at_landmark=self.in_remission_at_landmark)


class AnswerTiers:
    """The tiers of the questions at one landmark, and what they leave of an answer."""

    def __init__(self, model: OutcomeModel, tiers: Mapping[str, QuestionTier]) -> None:
        """``tiers`` by question; one that is not named, or has no tier that there is, is not promoted."""
        self.landmark = model.landmark.name
        self._names = _QuestionNames(tuple(model.horizons_days), model.in_remission_at_landmark)
        known = {name: tier for name, tier in tiers.items() if tier in _LEVELS}
        said = {name: known.get(name, NOT_PROMOTED) for name in self._names.all}
        self.tiers: dict[str, QuestionTier] = {
            name: min((said[one] for one in (name, *rests_on(name, said))), key=_LEVELS.__getitem__) for name in said
        }
        """The tier of every question; that of sustained remission is at most those of remission and relapse."""
        self._given = frozenset(name for name, tier in self.tiers.items() if tier == CLINIC)
        self._shadow = frozenset(name for name, tier in self.tiers.items() if tier == SHADOW)
        self._all_given = len(self._given) == len(self.tiers)

    def split(self, answer: Document) -> SplitAnswer:
        """What is given of an answer (`RowAnswers.answer`), which is changed, and what is logged besides."""
        if answer["outcome"] != "predicted":
            return SplitAnswer(answer, None)
        if self._all_given:
            answer["tiers"], answer["withheld"] = self.tiers, []
            return SplitAnswer(answer, None)
        known = known_questions(answer)
        shadow = self._in_shadow(answer, known & self._shadow)
        if not known & self._given:
            refused = not_predictable(answer["applicability"], not_promoted(self.landmark)) | {"tiers": self.tiers}
            beside = {name: answer[name] for name in ("not_recorded", "notes")}
            return SplitAnswer(refused, None if shadow is None else shadow | beside)
        given = answer | self._part(answer, self._given, self._reach(self._given))
        withheld = [_withheld(name, tier) for name, tier in self.tiers.items() if name in known - self._given]
        return SplitAnswer(given | {"tiers": self.tiers, "withheld": withheld}, shadow)

    def _in_shadow(self, answer: Document, names: frozenset[str]) -> Document | None:
        """The answers to the questions in shadow, with the curve if it reaches further than the one that is given."""
        if not names:
            return None
        reach, given = self._reach(self._given | self._shadow), self._reach(self._given)
        return self._part(answer, names, None if reach == given else reach)

    def _reach(self, granted: Collection[str]) -> float | None:
        """The last day of the curve from which only granted answers follow; ``None`` if it has no such day.

        The curve has relapse and no event on each day: the second times the probability of remission is sustained
        remission.
        """
        reach = None
        for days in self._names.horizons:
            lasting_follows = self._names.in_remission_at_landmark or REMISSION in granted
            if f"relapse_{days}" not in granted or (lasting_follows and f"{_LASTING}_{days}" not in granted):
                return reach
            reach = float(days)
        return float("inf")

    def _part(self, answer: Document, names: Collection[str], reach: float | None) -> Document:
        """The parts of an answer from which the answers to these questions follow, and to no others."""
        of_remission, at_horizons = REMISSION in names, any(name.startswith("relapse_") for name in names)
        reasons, relapse = answer["reasons"], answer["relapse"]
        return {
            "remission": answer["remission"] if of_remission else None,
            "relapse": _relapse(relapse, names, reach) if at_horizons and relapse is not None else None,
            "sustained_remission": _only(
                answer["sustained_remission"], lambda one: f"{_LASTING}_{one['horizon_days']}" in names
            ),
            "reasons": reasons
            and {
                "remission": reasons["remission"] if of_remission else None,
                "relapse": reasons["relapse"] if at_horizons else None,
            },
        }


def tiers_at(model: OutcomeModel, granted: Granted | None) -> AnswerTiers:
    """The tiers at a model's landmark; without ``granted`` (a copy of an earlier version) all are the clinic's."""
    names = _QuestionNames(tuple(model.horizons_days), model.in_remission_at_landmark).all
    if granted is None:
        return AnswerTiers(model, dict.fromkeys(names, CLINIC))
    return AnswerTiers(model, granted.get(model.landmark.name, {}))


def question_label(question: str) -> str:
    """A question in words.

    >>> question_label("remission"), question_label("relapse_84")
    ('remission', 'relapse within 84 days')
    """
    kind, _, days = question.partition("_")
    if not days:
        return kind
    return f"relapse within {days} days" if kind == "relapse" else f"sustained remission for {days} days"


def _withheld(question: str, tier: QuestionTier) -> Document:
    code, why = _WHY[tier]
    label = question_label(question)
    return {"question": question, "code": code, "message": f"{label[:1].upper()}{label[1:]} {why}."}


def known_questions(answer: Document) -> frozenset[str]:
    """The names of the questions to which a prediction has a number."""
    relapse = answer["relapse"]
    at_horizons = [] if relapse is None else relapse["at_horizons"]
    names = [] if answer["remission"] is None else [REMISSION]
    names += [f"relapse_{one['days']}" for one in at_horizons if one["probability"] is not None]
    lasting = answer["sustained_remission"]
    names += [f"{_LASTING}_{one['horizon_days']}" for one in lasting if one["probability"] is not None]
    return frozenset(names)


def _relapse(relapse: Document, names: Collection[str], reach: float | None) -> Document:
    curve = None
    if relapse["curve"] is not None and reach is not None:
        curve = [point for point in relapse["curve"] if point["day"] <= reach]
    return {
        "curve": curve,
        "at_horizons": _only(relapse["at_horizons"], lambda one: f"relapse_{one['days']}" in names),
    }


def _only(entries: Sequence[Document], is_among: Callable[[Document], bool]) -> list[Document]:
    """The entries, of which those of other questions have no number."""
    return [one if is_among(one) else one | {"probability": None, "interval_90": None} for one in entries]
