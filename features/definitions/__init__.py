"""Every built-in feature: what it is, its unit and range, where the fact comes from, and how it is computed.

Public names: `declare`, `Feature`.
"""
