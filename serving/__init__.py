"""Answers the clinic: requests, predictions, the log, the client. BentoML is given serving.service.

Public names: `KapOutcomes`, in service.py.
"""
