"""What the evidence answers of TRIPOD+AI and PROBAST+AI, item by item; what only the authors know stays open.

Public names: `assess`, `fill`, `replies`.
"""
