"""Logged rows answered by another model, and who would get another answer.

Public names: `AnswerChange`, `Changes`, `LargestChange`, `LoggedAnswer`, `replay`, `require_table`, `summarise`,
`Summary`, `write_answers`.
"""
