"""What features, units, landmarks, cautions and reasons are called in a language.

English names are those of the code and of the answer; other languages have them in their catalogue by code.
"""

import re
from collections.abc import Mapping

from features.definitions.display_names import label_of
from features.definitions.route_dose import ROUTE_DOSES
from features.protocol.instruments import Instrument
from serving.contract.response import Caution, Reason, UnlikeReason
from serving.decision.features import YES_NO, FeatureWeight
from serving.decision.model_notes import ModelNote
from serving.decision.texts import TextCatalogue
from serving.prediction import cautions as rules
from serving.prediction.screening import SMALLEST_LIMIT

LIMITS: Mapping[str, float] = {
    "resting_systolic": rules.RESTING_SYSTOLIC_MMHG,
    "resting_diastolic": rules.RESTING_DIASTOLIC_MMHG,
    "peak_systolic": rules.PEAK_SYSTOLIC_MMHG,
    "systolic_rise": rules.SYSTOLIC_RISE_MMHG,
    "benzodiazepine": rules.BENZODIAZEPINE_CAP_MG,
    "dissociation": rules.DISSOCIATION_POINTS,
    "body_mass_index": rules.BODY_MASS_INDEX,
    "smallest_dose": SMALLEST_LIMIT,
    **{f"{route}_dose": dose.limit for route, dose in ROUTE_DOSES.items()},
}
"""The limits in the sentences of the cautions, from the rules themselves."""
SHARE = "share"
OF_SCALE = {
    "baseline_severity_share", "second_scale_severity_share", "latest_severity_share", "best_share", "worst_share",
    "second_scale_severity_now",
}  # fmt: skip
"""Shares of the range of a scale; other shares are of the score at the start."""
SHORT_NAMES = {
    "gad7": "GAD-7", "hama": "HAM-A", "lsas": "LSAS", "pdss": "PDSS", "pcl5": "PCL-5", "ybocs": "Y-BOCS",
    "pswq": "PSWQ", "bai": "BAI", "oasis": "OASIS", "phq9": "PHQ-9", "spin": "SPIN",
}  # fmt: skip
"""The scales as people name them; others have their title."""


def key_of(kind: str, code: str) -> str:
    """The name of a text in a catalogue, such as ``unit-mg-day`` for the unit "mg/day"."""
    return f"{kind}-{re.sub('[^A-Za-z0-9_]+', '-', code)}"


class PageNames:
    """The names in one language."""

    def __init__(self, texts: TextCatalogue) -> None:
        """Names from the catalogue where it has them, else those of the code."""
        self._texts = texts

    def feature(self, name: str, meaning: str = "") -> str:
        """What a feature is called; a study's own covariate is called as the study does."""
        return self._own(key_of("feature", name)) or label_of(name, meaning or name)

    def plain_feature(self, name: str, meaning: str = "") -> str:
        """What a feature is called for a patient, if its name is not plain."""
        return self._own(key_of("plain", name)) or self.feature(name, meaning)

    def landmark(self, name: str) -> str:
        """What a landmark is called; one of a study's own is called as its protocol does."""
        return self._own(key_of("landmark", name)) or name

    def unit(self, unit: str) -> str:
        """What a unit is called."""
        return self._own(key_of("unit", unit)) or unit

    def value(self, weight: FeatureWeight) -> str:
        """The value of a feature with its unit; empty if it was not recorded."""
        if weight.value is None:
            return ""
        shown = self._value(weight, weight.value)
        return f"\N{MINUS SIGN}{shown[1:]}" if shown.startswith("-") else shown

    def _value(self, weight: FeatureWeight, value: float) -> str:
        text, unit = self._texts.text, weight.unit
        if unit == YES_NO and value in (0, 1):
            return text("yes" if value else "no")
        if unit == SHARE:
            return text("percent-scale" if weight.name in OF_SCALE else "percent", number=round(100 * value))
        number = float(f"{value:.3g}")
        if self._texts.has(own := key_of("value", unit)):
            return text(own, number=number)
        if abs(number) == 1 and self._texts.has(one := key_of("one", unit)):
            return text(one, number=number)
        return text("number-unit", number=number, unit=self.unit(unit))

    def scale(self, scale: Instrument) -> str:
        """The short name of a scale, or its title."""
        return SHORT_NAMES.get(scale.name, scale.title)

    def score(self, scale: str, title: str) -> str:
        """What a scale rates, with its short name, for a patient."""
        return self._own(key_of("score", scale)) or self._texts.text("score-other", scale=SHORT_NAMES.get(scale, title))

    def event(self, name: str) -> str:
        """What an event is called."""
        return self._own(key_of("event", name)) or name.replace("_", " ")

    def asked(self, column: str, feature: str, meaning: str) -> str:
        """What a fact about another person is called."""
        return self._own(key_of("ask", column)) or self.plain_feature(feature, meaning)

    def note(self, note: ModelNote) -> str:
        """A note on the model; empty if only the words of the answer are known."""
        return self._own(key_of("note", note.code), **note.values) if note.code else ""

    def choice_of(self, name: str) -> str:
        """What a category is called, such as the sex."""
        return self._own(key_of("category", name)) or name.replace("_", " ")

    def choice(self, name: str, level: str) -> str:
        """What a level of a category is called."""
        return self._own(key_of(f"choice-{name}", level)) or level.replace("_", " ")

    def caution(self, caution: Caution) -> str:
        """The sentence of a caution."""
        return self._own(key_of("caution", caution.code), **LIMITS) or caution.message

    def plain_reason(self, code: str) -> str:
        """Why there is no prediction, for the patient."""
        return self._own(key_of("nothing", code)) or self._texts.text("nothing-other")

    def reason(self, reason: Reason) -> str:
        """Why there is no prediction, for the clinician."""
        return self._own(key_of("reason", reason.code)) or _sentence(reason.message)

    def remedy(self, reason: Reason) -> str:
        """What would make a prediction possible; empty if nothing would."""
        if reason.remedy is None:
            return ""
        return self._own(key_of("remedy", reason.code)) or _sentence(reason.remedy)

    def unlike(self, reason: UnlikeReason, verdict: str) -> str:
        """One way in which a patient is unlike the training patients."""
        feature = "" if reason.feature is None else self.feature(reason.feature)
        return self._own(key_of("unlike", reason.code), feature=feature, verdict=verdict) or reason.message

    def _own(self, key: str, **values: object) -> str:
        return self._texts.text(key, **values) if self._texts.has(key) else ""


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}".rstrip(".") + "."
