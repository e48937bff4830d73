"""How hard a text is to read, by the formulas that are usual for its language."""

import re
from collections.abc import Sequence

_WORD = re.compile(r"[A-Za-zÄÖÜäöüß']+|\d+(?:[.,]\d+)?")
_ENGLISH_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?<![lsxzcgtd])e[ds]?$|(?<=[aeiouyl]l)e[ds]?$|(?<=[sxzcgtd])e$|(?<=[sxzcg])ed$|(?<=[td])es$")
"""An e at the end that is not spoken, as in made, called and notes; in people, fitted and sources it is."""
_GERMAN_VOWELS = re.compile(r"aa|ee|oo|ai|au|äu|ei|eu|ie|[aeiouyäöü]")


def sentences_of(lines: Sequence[str]) -> list[list[str]]:
    """The words of every sentence; a line ends one, too. A heading or a label of up to three words is none."""
    parts = [part for line in lines for part in re.split(r"(?<=[.!?])\s+", line)]
    found = [_WORD.findall(part) for part in parts]
    return [words for words in found if len(words) > 3]


def english_syllables(word: str) -> int:
    """Groups of vowels, less a silent e at the end; a number counts one."""
    lower = word.lower().strip("'")
    return max(1, len(_ENGLISH_VOWELS.findall(lower)) - bool(_SILENT.search(lower)))


def german_syllables(word: str) -> int:
    """Vowels and diphthongs; a number counts one."""
    return max(1, len(_GERMAN_VOWELS.findall(word.lower())))


def flesch_kincaid_grade(lines: Sequence[str]) -> float:
    """The grade of a US school that reads an English text: Kincaid et al. 1975, 0.39 W/S + 11.8 syllables/W - 15.59."""
    sentences = sentences_of(lines)
    words = [word for sentence in sentences for word in sentence]
    syllables = sum(map(english_syllables, words))
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


def wiener_sachtextformel(lines: Sequence[str]) -> float:
    """The grade of a school that reads a German text: Bamberger & Vanecek 1984, first formula.

    From the percentages of words with three syllables or more, with more than six letters and with one syllable, and
    the mean length of a sentence.
    """
    sentences = sentences_of(lines)
    words = [word for sentence in sentences for word in sentence]
    syllables = list(map(german_syllables, words))
    many = 100 * sum(number >= 3 for number in syllables) / len(words)
    long = 100 * sum(len(word) > 6 for word in words) / len(words)
    one = 100 * sum(number == 1 for number in syllables) / len(words)
    return 0.1935 * many + 0.1672 * len(words) / len(sentences) + 0.1297 * long - 0.0327 * one - 0.875
