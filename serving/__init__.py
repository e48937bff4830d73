"""Answers the clinic: requests, predictions, the log, the client. BentoML starts serving.service.

Public names: `KapOutcomes`, in service.py.
"""
