"""Answers the clinic."""
