"""The OpenAPI document with its examples, and the static responses made from it.

Public names: `Pages`, `pages_of`.
"""
