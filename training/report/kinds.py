"""What the kinds of evidence mean in words: a training, an external evaluation, an update. Keys are `Evidence.kind`."""

from training.learning.choice import RULE

SAID = {
    "held out": "Development: figures are from patients held out, each predicted by models that never saw the patient.",
    "external": "External validation: figures are from a cohort that the model never saw.",
    "updated": (
        "Update: an existing model was updated on this cohort. Figures are cross-fitted: every patient is predicted by "
        "an update that was made without the patient."
    ),
}
"""What the figures are of, for the first screen."""

CHOICE = {
    "held out": (f"Judged on patients held out. The model is the best candidate, or {RULE}."),
    "external": "Nothing was learned or chosen here: the model was made before.",
    "updated": (
        "Of leaving a head as it is, moving its intercept, also its slope, and learning it anew, a closed test chose "
        "the simplest that the most complex is not clearly better than (Vergouwe 2017, doi:10.1002/sim.7179)."
    ),
}
"""How the model came about, by the kind of evidence."""

KIND = {
    "held out": "Development, judged on patients held out from learning.",
    "external": "Evaluation of an existing model on another cohort.",
    "updated": "Updating of an existing model, judged by cross-fitting.",
}
PREDICTED = {
    "held out": "for patients held out, by models of the same recipe",
    "external": "by the stored bundle",
    "updated": "for patients held out, by updates made without them",
}
"""Who was predicted by what, by the kind of evidence."""
