"""Readers of the kinds of sources: each turns files into tables of cells and interprets nothing.

Public names: `read_source`.
"""
