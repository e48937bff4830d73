"""The structure of what was sent: a JSON text, its resources with their places, and each as FHIR R4 defines it.

What a resource means to a record is left to `serving.fhir.reading`.
Public names: `checked_resources`, `plain_json`, `ResourceIndex`, `sent_resources`.
"""
