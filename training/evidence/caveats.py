"""Caveats of evidence that a report recognises, because a banner says the same of a synthetic cohort."""

FITTED_ON_SYNTHETIC = "Fitted on a synthetic cohort: it says nothing about real patients."
EVALUATED_ON_SYNTHETIC = "Evaluated on a synthetic cohort: it says nothing about real patients."
MODEL_FROM_SYNTHETIC = "The model was fitted on a synthetic cohort: it says nothing about real patients."
ON_SYNTHETIC = (FITTED_ON_SYNTHETIC, EVALUATED_ON_SYNTHETIC, MODEL_FROM_SYNTHETIC)
