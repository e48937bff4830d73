"""Monitoring for people: figures, tables, text and the page."""
