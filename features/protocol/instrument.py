"""A rating scale as it is declared: range, cut-offs, reliable change, and in which direction its scores are worse.

Everything that decides by a score reads severity points, in which higher is worse for every scale.
"""

from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["worse", "better"]
DECIMALS = 9
"""Decimals of a score in severity points: more than any score has, so that turning it twice gives the same score."""


@dataclass(frozen=True)
class Instrument:
    """One rating scale, in points as recorded.

    ``higher_is`` says whether a higher score is worse, as on most scales, or better. Where it is worse, the remission
    band is ``remission_at_most`` and the relapse band ``relapse_at_least``; where it is better, they are
    ``remission_at_least`` and ``relapse_at_most``, and the other two are ``None``. ``reliable_change`` is the smallest
    change that is not measurement error. A number that is not published is ``None``: the scale then can't decide an
    outcome, as an experience (dissociation, mystical experience) never does.
    ``severity_bands`` gives each band's lowest score; it is empty where none is published.
    """

    name: str
    title: str
    minimum: float
    maximum: float
    remission_at_most: float | None
    relapse_at_least: float | None
    reliable_change: float | None
    source: str
    severity_bands: tuple[tuple[float, str], ...] = field(default=())
    kind: Literal["outcome", "experience"] = "outcome"
    higher_is: Direction = "worse"
    remission_at_least: float | None = None
    relapse_at_most: float | None = None

    @property
    def cut_offs(self) -> dict[str, float | None]:
        """The numbers that decide outcomes, by the keys that a protocol gives them."""
        bands = ("remission_at_most", "relapse_at_least")
        if self.higher_is == "better":
            bands = ("remission_at_least", "relapse_at_most")
        return {name: getattr(self, name) for name in (*bands, "reliable_change")}

    @property
    def unpublished(self) -> tuple[str, ...]:
        """The keys of ``cut_offs`` that have no number."""
        return tuple(name for name, number in self.cut_offs.items() if number is None)

    @property
    def decides_outcomes(self) -> bool:
        """Whether remission and relapse may be defined on this scale."""
        return self.kind == "outcome" and not self.unpublished

    @property
    def remission_band(self) -> str:
        """The remission band in words, such as "at most 4"."""
        return self._as_text(next(iter(self.cut_offs)))

    @property
    def relapse_band(self) -> str:
        """The relapse band in words, such as "at least 10"."""
        return self._as_text(list(self.cut_offs)[1])

    def _as_text(self, key: str) -> str:
        if self.kind == "experience":
            return "an experience"
        number = self.cut_offs[key]
        return "not published" if number is None else f"{' '.join(key.split('_')[1:])} {number:g}"

    def severity(self, points: float) -> float:
        """Points as recorded in severity points, of which higher is worse; and severity points as recorded."""
        return points if self.higher_is == "worse" else round(self.minimum + self.maximum - points, DECIMALS)

    @property
    def severity_numbers(self) -> dict[str, float | None]:
        """Range, cut-offs and reliable change in severity points, named as on a scale on which higher is worse."""
        remission, relapse, change = self.cut_offs.values()
        return {
            "minimum": self.minimum,
            "maximum": self.maximum,
            "remission_at_most": None if remission is None else self.severity(remission),
            "relapse_at_least": None if relapse is None else self.severity(relapse),
            "reliable_change": change,
        }
