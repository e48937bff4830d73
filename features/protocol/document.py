"""The study protocol: when a prediction is made, what counts as remission and relapse, and over which horizons.

A protocol is a value. `protocol_reading` reads one from TOML, and names the line to correct for every problem.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from features.protocol.columns import TABLES, Column
from features.protocol.instruments import (
    DEPRESSION_SCALES,
    FIRST_INSTRUMENTS,
    LATER_DEPRESSION_SCALES,
    LATER_INSTRUMENTS,
    Instrument,
)
from features.protocol.own_feature import OwnFeature
from features.protocol.study import StudyDescription, described_study

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Landmark:
    """A moment of prediction: on the day of dosing session ``before_session``, or on the fixed ``day``.

    Exactly one of the two is set. It is at the latest ``else_days`` after the session before, whether the session comes
    or not.
    """

    name: str
    before_session: int | None = None
    day: int | None = None
    else_days: int | None = None


@dataclass(frozen=True)
class EligibilityRule:
    """Who is eligible for training and prediction, by age in years at day 0, both ends inclusive.

    An age that is not recorded is within. The default excludes minors, for whom ketamine-assisted psychotherapy has
    not been studied enough [judgement].
    """

    minimum_age: float = 18.0
    maximum_age: float = 110.0


@dataclass(frozen=True)
class RemissionRule:
    """Which reading decides remission. Days of the window count from the anchor, both ends inclusive.

    ``at_landmark`` means that everyone is in remission at the landmark, so that only relapse is predicted.
    """

    instruments: tuple[str, ...] = ("gad7", "hama", "lsas", "pdss", "pcl5", "ybocs")
    anchor: Literal["last_acute_session", "index"] = "last_acute_session"
    window_days: tuple[int, int] = (7, 31)
    require_reliable_drop: bool = True
    at_landmark: bool = False


@dataclass(frozen=True)
class RelapseRule:
    """What dates a relapse: readings and listed events (``score``), or listed events alone (``event``).

    ``confirm_within_days`` says how long after the first reading a second one in the relapse band must follow; (0, 0)
    requires none.
    """

    rule: Literal["score", "event"] = "score"
    confirm_within_days: tuple[int, int] = (7, 28)
    events: tuple[str, ...] = ("relapse", "hospitalisation", "rescue_ketamine", "medication_increase")

    @property
    def asks_for_confirmation(self) -> bool:
        """Whether one reading in the relapse band is not enough."""
        return self.confirm_within_days != (0, 0)


@dataclass(frozen=True)
class Covariate:
    """A column of ``patients`` that the study adds and that becomes a feature.

    A covariate with the name of a column of ``STUDY_COLUMNS`` replaces it; one of kind "category", which becomes a
    feature for each of its ``levels``, may not have such a name.
    """

    name: str
    kind: Literal["number", "binary", "category"]
    meaning: str
    minimum: float = 0.0
    maximum: float = 1.0
    levels: tuple[str, ...] = ()

    def column(self) -> Column:
        """The covariate as a declared column of ``patients``; a binary one is read as true/false or 1/0."""
        if self.kind == "category":
            return Column(self.name, "category", self.meaning, categories=self.levels)
        kind: Literal["flag", "number"] = "flag" if self.kind == "binary" else "number"
        return Column(self.name, kind, self.meaning, minimum=self.minimum, maximum=self.maximum)


_DEFAULT_LANDMARKS = (
    Landmark("before session 1", before_session=1),
    Landmark("before session 2", before_session=2),
    Landmark("before session 3", before_session=3, else_days=14),
)


@dataclass(frozen=True)
class Protocol:
    """One study's rules; the defaults are those of ketamine-assisted psychotherapy (KAP)."""

    name: str = "kap"
    landmarks: tuple[Landmark, ...] = _DEFAULT_LANDMARKS
    eligibility: EligibilityRule = field(default_factory=EligibilityRule)
    acute_max_days: int = 42
    remission: RemissionRule = field(default_factory=RemissionRule)
    relapse: RelapseRule = field(default_factory=RelapseRule)
    horizons_days: tuple[int, ...] = (84, 182)
    covariates: tuple[Covariate, ...] = ()
    own_instruments: tuple[Instrument, ...] = ()
    own_features: tuple[OwnFeature, ...] = ()
    study: StudyDescription | None = None

    @property
    def described(self) -> StudyDescription:
        """What the study is about, for texts; neutral words where neither the study nor KAP's own protocol has any."""
        return described_study(self.name, self.study)

    @cached_property
    def instruments(self) -> dict[str, Instrument]:
        """Every scale of the study by name: the first built-in ones, some overridden, then its own, then later ones.

        The order is that of the codes. A later built-in scale has the study's place where the study declares it.
        """
        scales = FIRST_INSTRUMENTS | {instrument.name: instrument for instrument in self.own_instruments}
        return scales | {name: scale for name, scale in LATER_INSTRUMENTS.items() if name not in scales}

    @cached_property
    def instrument_names(self) -> tuple[str, ...]:
        """Names in the order of their codes in ``assessments.instrument``."""
        return tuple(self.instruments)

    @cached_property
    def second_scales(self) -> tuple[int, ...]:
        """Codes of the possible second scales: those of depression, then the others that are no experience.

        A scale that the study declares keeps its place among the others, also if it was built in later.
        """
        own = {instrument.name for instrument in self.own_instruments}
        depression = [*DEPRESSION_SCALES, *(name for name in LATER_DEPRESSION_SCALES if name not in own)]
        others = [name for name, scale in self.instruments.items() if scale.kind == "outcome"]
        names = dict.fromkeys([*depression, *others])
        return tuple(self.instrument_names.index(name) for name in names)

    @cached_property
    def primary_scales(self) -> tuple[int, ...]:
        """Codes of the instruments of the remission rule, in its order."""
        return tuple(self.instrument_names.index(name) for name in self.remission.instruments)

    @cached_property
    def scale_numbers(self) -> "dict[str, NDArray[np.float64]]":
        """Range and cut-offs in severity points by name, each in the order of the scales' codes.

        ``turned_about`` is the sum of both ends of the range where higher is better, else NaN. The code -1 picks the
        NaN at the end.
        """
        import numpy as np  # here, because the client's wheel has this module and no NumPy

        scales = [scale.severity_numbers for scale in self.instruments.values()]
        turned = [
            scale.minimum + scale.maximum if scale.higher_is == "better" else None
            for scale in self.instruments.values()
        ]
        numbers = {name: [scale[name] for scale in scales] for name in scales[0]} | {"turned_about": turned}
        return {name: np.array([*values, None], dtype=np.float64) for name, values in numbers.items()}

    @cached_property
    def tables(self) -> dict[str, tuple[Column, ...]]:
        """The declared columns of every table under this protocol."""
        return {name: self._columns_of(name) for name in TABLES}

    def _columns_of(self, table: str) -> tuple[Column, ...]:
        if table == "patients":
            declared = {covariate.name for covariate in self.covariates}
            built_in = (column for column in TABLES[table] if column.name not in declared)
            return (*built_in, *(covariate.column() for covariate in self.covariates))
        if table == "assessments":
            return tuple(
                replace(column, categories=self.instrument_names) if column.name == "instrument" else column
                for column in TABLES[table]
            )
        return TABLES[table]

    def code(self, table: str, column: str, category: str) -> int:
        """The code under which a category of a column is stored."""
        return self._codes[table, column, category]

    @cached_property
    def _codes(self) -> dict[tuple[str, str, str], int]:
        return {
            (table, column.name, category): code
            for table, columns in self.tables.items()
            for column in columns
            for code, category in enumerate(column.categories)
        }

    def landmark(self, name: str) -> Landmark:
        """The landmark of that name; KeyError when the protocol has none."""
        for landmark in self.landmarks:
            if landmark.name == name:
                return landmark
        raise KeyError(f"the protocol has no landmark {name!r}")

    @cached_property
    def document(self) -> str:
        """Canonical JSON of the whole protocol, the same for equal protocols.

        What protocols got later is left out where it has its default: an older protocol keeps its document.
        """
        values = asdict(self)
        _leave_out_defaults(values["covariates"], Covariate, ("levels",))
        _leave_out_defaults(values["own_instruments"], Instrument, _LATER_FIELDS)
        if not self.own_features:
            del values["own_features"]
        _leave_out_defaults([values], Protocol, ("study",))
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.document.encode()).hexdigest()


_LATER_FIELDS = ("higher_is", "remission_at_least", "relapse_at_most")


def _leave_out_defaults(entries: Sequence[dict[str, object]], declared: type, names: tuple[str, ...]) -> None:
    """Remove the fields of these names from each entry that has the declared default."""
    for entry in entries:
        for name in names:
            if entry[name] == getattr(declared, name):
                del entry[name]


def protocol_from_document(document: str) -> Protocol:
    """The protocol that ``Protocol.document`` wrote; it is trusted to be one (a bundle checks its digest)."""
    values = json.loads(document)

    def pair(days: list[int]) -> tuple[int, int]:
        return days[0], days[1]

    remission = values["remission"]
    relapse = values["relapse"]
    return Protocol(
        name=values["name"],
        landmarks=tuple(Landmark(**landmark) for landmark in values["landmarks"]),
        # A protocol from before the age limits has none.
        eligibility=EligibilityRule(**values.get("eligibility", {"minimum_age": 0.0})),
        acute_max_days=values["acute_max_days"],
        remission=RemissionRule(
            **remission
            | {"instruments": tuple(remission["instruments"]), "window_days": pair(remission["window_days"])}
        ),
        relapse=RelapseRule(
            **relapse
            | {"events": tuple(relapse["events"]), "confirm_within_days": pair(relapse["confirm_within_days"])}
        ),
        horizons_days=tuple(values["horizons_days"]),
        covariates=tuple(
            Covariate(**covariate | {"levels": tuple(covariate.get("levels", ()))})
            for covariate in values["covariates"]
        ),
        own_instruments=tuple(
            Instrument(
                **instrument | {"severity_bands": tuple((low, band) for low, band in instrument["severity_bands"])}
            )
            for instrument in values["own_instruments"]
        ),
        own_features=tuple(OwnFeature(**one) for one in values.get("own_features", ())),
        study=StudyDescription(**values["study"]) if "study" in values else None,
    )
