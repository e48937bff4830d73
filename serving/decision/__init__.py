"""The page on which patient, family and clinician look at a prediction together; neither HTTP nor storage."""
