"""An answer as FHIR R4 resources: a bundle of risk assessments with their provenance, or an outcome that says why not.

It writes plain values for JSON. The tests check every resource with three independent readers; `serving.server` sends.
Public names: `answer_bundle`, `input_refused`, `operation_outcome`, `predict_fhir`, `write`.
"""
