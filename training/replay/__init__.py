"""Logged rows answered by another model, and the changed answers.

Public names: `AnswerChange`, `Changes`, `LargestChange`, `LoggedAnswer`, `replay`, `summarise`, `Summary`,
`write_answers`.
"""
