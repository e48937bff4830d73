"""Logged rows answered by another model, and the changed answers.

Public names: `AnswerChange`, `Changes`, `LargestChange`, `LoggedAnswer`, `replay`, `require_table`, `summarise`,
`Summary`, `write_answers`.
"""
