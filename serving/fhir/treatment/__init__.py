"""The readers of what was done: doses of ketamine as a course of sessions, earlier treatments, and events.

Whose record it is, and what the rest says, is left to `serving.fhir.reading`.
Public names: `ketamine_course`, `read_administrations`, `read_events`, `read_sessions`, `read_treatments`, `says_none`.
"""
