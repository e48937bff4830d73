"""Drafts a mapping from a source: what names, labels and values tell is written down, the rest stands as a question.

Public names: `draft_mapping`.
"""
