"""Refused input as a notebook shows it: the sentences of all problems in the message of the error itself."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from features.protocol.problems import InputRefusedError, Problem
from training.cohort.reader import describe_problems

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class CohortWarning(UserWarning):
    """A finding of the cohort's check, which is recorded with the training, or a use of a cohort that misleads."""


def explained(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Give every refusal that leaves a function its sentences as its message; a terminal prints them anyway."""

    @functools.wraps(function)
    def answered(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except InputRefusedError as error:
            error.args = ("\n".join(describe_problems(error.problems)),)
            raise

    return answered


def argument_error(argument: str, required: str, found: str) -> InputRefusedError:
    """The refusal of an argument in one sentence, to be raised; ``found`` names a kind, never a value."""
    return InputRefusedError([Problem(f"argument {argument}", None, None, required, found)])
