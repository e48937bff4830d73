"""Functions compiled to machine code, the same on every machine, and where their code is kept between processes.

Public names: `compiled`, `compiled_during`.
"""
