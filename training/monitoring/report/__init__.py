"""Monitoring for people: figures, tables, text and the page.

Public names: `as_text`, `draw`, `Figure`, `render_page`.
"""
