"""Texts about the kinds of evidence: a training, an external evaluation, an update. Keys are `Evidence.kind`."""

from collections.abc import Mapping

from training.learning.choice_text import rule_text
from training.settings.sections import SelectionSettings

SAID = {
    "held out": "Development: all figures are from held-out patients, predicted by models fitted without them.",
    "external": "External validation: all figures are from a validation cohort, which the model was not fitted on.",
    "updated": (
        "Update: an existing model was updated on this cohort. Figures are cross-fitted: each patient is predicted by "
        "an update that was made without the patient."
    ),
}
"""What the figures are of, for the first screen."""

CHOICE = {
    "held out": "Candidates are evaluated on held-out patients. The model is {rule}.",
    "external": "No model was fitted or chosen on this cohort.",
    "updated": (
        "The methods: leave a head unchanged, update its intercept, update intercept and slope, or refit it. "
        "A closed test chose the simplest one that the most complex one does not significantly improve on (Vergouwe "
        "2017, doi:10.1002/sim.7179)."
    ),
}
"""How the model came about, by the kind of evidence; `choice_text` completes it."""

KIND = {
    "held out": "Development, evaluated on held-out patients.",
    "external": "Evaluation of an existing model on another cohort.",
    "updated": "Update of an existing model, evaluated by cross-fitting.",
}
MADE = {"held out": "Trained", "external": "Evaluated", "updated": "Updated"}
"""What happened on the date of a report, by the kind of evidence."""
PREDICTED = {
    "held out": "for held-out patients, by models that were fitted in the same way without them",
    "external": "by the stored bundle",
    "updated": "for held-out patients, by updates that were made without them",
}
"""Who was predicted by what, by the kind of evidence."""


def choice_text(kind: str, settings: Mapping[str, str]) -> str:
    """How the model came about; ``settings`` are those recorded, with one name each. Earlier versions had one rule."""
    rule = settings.get("selection.rule", SelectionSettings.rule)
    return CHOICE[kind].format(rule=rule_text(rule, selection_level(settings)))


def selection_level(settings: Mapping[str, str]) -> float:
    """The level of the test by which candidates were compared."""
    return float(settings.get("selection.level", SelectionSettings.level))
