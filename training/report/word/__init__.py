"""A report as a Word document: the same sections and figures as the HTML page, for journals.

Public names: `picture_of`, `word_report`.
"""
