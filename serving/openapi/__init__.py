"""The OpenAPI document with its examples, and the static responses made from it."""
