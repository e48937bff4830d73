"""From a patient's FHIR resources to a record: what each resource says about a course, or why it is not used.

What codes mean is left to `serving.terminology`, and the structure of resources to `serving.fhir.structure`.
Public names: `assembled`, `issues_of`, `read_fhir`, `ReadingDefaults`, `ReadingOptions`.
"""
