"""The figures of a report: numbers in, a drawing out, with its caption and the text for those who don't see it.

Public names: `ReportFigure`, `draw`, `figures`.
"""
