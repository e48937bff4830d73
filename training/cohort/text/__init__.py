"""Text files before their cells mean anything: encoding, separator and header, lines, and the split into cells.

Public names: `found_dialect`, `found_text`, `split_cells`, `strict_dialect`, `strict_text`, `whole_lines`.
"""
