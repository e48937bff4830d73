"""Reads ``study.toml``: an unknown key, a wrong kind or too long a text is refused, each with its line.

An empty text is an open question. A problem never quotes an answer.
"""

import difflib
import hashlib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from features.protocol.problems import InputRefusedError, Problem
from training.cohort.file_names import STUDY_FILE
from training.report.authors.questions import ANSWERS, BIAS, JUDGEMENTS, REASON, REPLY, STUDY
from training.report.standards.probast import AUTHORS_REPLIES
from training.report.study import AuthorsReply, StudyAnswers

LONGEST_ANSWER = 2_000
"""Characters of an answer: a paragraph of an article, not the article [judgement]."""
LARGEST_FILE = 200_000
"""Bytes of a file that is read."""


def study_of_folder(directory: Path) -> StudyAnswers:
    """The answers beside the tables of a cohort; none if there is no ``study.toml``."""
    path = directory / STUDY_FILE
    return read_study(path) if path.exists() or path.is_symlink() else StudyAnswers()


def read_study(path: Path) -> StudyAnswers:
    """The answers in a file; raises ``InputRefusedError`` with every problem found, and ``OSError`` as usual."""
    if path.is_symlink() or not path.is_file():
        raise InputRefusedError([Problem(STUDY_FILE, None, None, "a file", "a link, a folder or nothing")])
    content = path.read_bytes()
    if len(content) > LARGEST_FILE:
        required = f"a file of at most {LARGEST_FILE:,} bytes"
        raise InputRefusedError([Problem(STUDY_FILE, None, None, required, "a larger one")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start)
        raise InputRefusedError([Problem(STUDY_FILE, line, None, "text in UTF-8", "other bytes")]) from None
    return parse_study(text)


def parse_study(text: str) -> StudyAnswers:
    """The answers in a TOML text; its digest is that of the text in UTF-8."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        row = int(line.group(1)) - 1 if line else max(len(text.splitlines()) - 1, 0)
        problem = Problem(STUDY_FILE, row, None, "a TOML document", "a line that is not TOML")
        raise InputRefusedError([problem]) from None
    reading = _StudyReading(text)
    texts, replies = reading.answers(document), reading.replies(document)
    if reading.problems:
        raise InputRefusedError(sorted(reading.problems, key=lambda problem: problem.row or 0))
    return StudyAnswers(texts, replies, hashlib.sha256(text.encode()).hexdigest(), document=text)


class _StudyReading:
    """The problems of one text, each at its line."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.problems: list[Problem] = []

    def answers(self, document: dict[str, Any]) -> dict[str, str]:
        """The answers by key, without empty ones."""
        for name in document.keys() - {STUDY, BIAS}:
            self._refuse((name,), _one_of((STUDY, BIAS), name), "an unknown key")
        given = self._table((STUDY,), document.get(STUDY, {}))
        self._refuse_unknown((STUDY,), given, [one.key for one in ANSWERS])
        texts = {one.key: self._text((STUDY, one.key), given.get(one.key, "")) for one in ANSWERS}
        return {key: text for key, text in texts.items() if text}

    def replies(self, document: dict[str, Any]) -> dict[str, AuthorsReply]:
        """The replies by key, without empty ones."""
        given = self._table((BIAS,), document.get(BIAS, {}))
        self._refuse_unknown((BIAS,), given, [one.key for one in JUDGEMENTS])
        found = {}
        for question in JUDGEMENTS:
            path = (BIAS, question.key)
            entry = self._table(path, given.get(question.key, {}))
            self._refuse_unknown(path, entry, [REPLY, REASON])
            reply, reason = (self._text((*path, key), entry.get(key, "")) for key in (REPLY, REASON))
            if reply and reply not in AUTHORS_REPLIES:
                self._refuse((*path, REPLY), _one_of(AUTHORS_REPLIES, reply), "another text")
            elif reply and not reason:
                self._refuse((*path, REASON), "a reason for the reply", "none")
            elif reason and not reply:
                self._refuse((*path, REPLY), f"one of {', '.join(AUTHORS_REPLIES)}", "none")
            elif reply:
                found[question.key] = AuthorsReply(reply, reason)
        return found

    def _table(self, path: tuple[str, ...], value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self._refuse(path, f"a table headed [{'.'.join(path)}]", "another kind of value")
        return {}

    def _text(self, path: tuple[str, ...], value: Any) -> str:
        if not isinstance(value, str):
            self._refuse(path, "a text in quotes", "another kind of value")
            return ""
        text = " ".join(value.split())
        if len(text) > LONGEST_ANSWER or not text.isprintable():
            self._refuse(path, f"a text of up to {LONGEST_ANSWER:,} printable characters", "another text")
        return text

    def _refuse_unknown(self, path: tuple[str, ...], given: dict[str, Any], known: list[str]) -> None:
        for key in given.keys() - set(known):
            self._refuse((*path, key), _one_of(known, key), "an unknown key")

    def _refuse(self, path: tuple[str, ...], required: str, found: str) -> None:
        self.problems.append(Problem(STUDY_FILE, self._line_of(path), ".".join(path), required, found))

    def _line_of(self, path: tuple[str, ...]) -> int:
        """Line of the key below the header of its table, else that of a header, else the first."""
        headers = [".".join(path[:length]) for length in range(len(path), 0, -1)]
        for header in headers:
            start = self._first(rf"\s*\[\s*{re.escape(header)}\s*\]", 0)
            if start is not None:
                key = self._first(rf"\s*\"?{re.escape(path[-1])}\"?\s*=", start + 1)
                return start if key is None or header == ".".join(path) else key
        return self._first(rf"\s*\"?{re.escape(path[-1])}\"?\s*=", 0) or 0

    def _first(self, pattern: str, start: int) -> int | None:
        return next((row for row in range(start, len(self.lines)) if re.match(pattern, self.lines[row])), None)


def _one_of(known: Iterable[str], given: str) -> str:
    """All names, or the one that was probably meant."""
    names = list(known)
    near = difflib.get_close_matches(given, names, n=1)
    return f"a known key (did you mean {near[0]}?)" if near else f"one of {', '.join(names)}"
