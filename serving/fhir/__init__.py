"""FHIR R4 in and out: a patient's resources as a record, and an answer as resources.

`reading` reads a bundle, `answer` writes one; neither knows HTTP. Codes stand in `serving.terminology`.
Public names: `FhirIssue`, `FhirRecord`, `FhirRefusedError`, `LocatedResource`, `ReadingNotes`, `SourcedRow`.
"""
