"""Questions of a drafted mapping: which are open, and the document with the answers in their places."""

from collections.abc import Iterator, Mapping
from typing import Any

from training.intake.mapping_keys import ANSWERED, OPEN


def open_questions(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The path of each open question, with what is asked and the candidates."""
    if isinstance(node, dict) and "question" in node and _is_open(node):
        candidates = [str(one) for one in node.get("candidates", ())]
        yield path, f"an answer: {node['question']}" + (f" One of {', '.join(candidates)}" if candidates else "")
    elif node == OPEN:
        yield path, "an answer in place of the question mark"
    elif isinstance(node, dict | list):
        inner = node.items() if isinstance(node, dict) else ((str(n), one) for n, one in enumerate(node, 1))
        for key, value in inner:
            yield from open_questions(value, f"{path}.{key}" if path else key)


def _is_open(node: Mapping[str, Any]) -> bool:
    rest = {key: value for key, value in node.items() if key not in ("question", "candidates")}
    return not rest or any(True for _ in open_questions(rest))


def answered(node: Any) -> Any:
    """The document with each answer in the place of its question, and without the questions."""
    if isinstance(node, list):
        return [answered(one) for one in node]
    if not isinstance(node, dict):
        return node
    if "answer" in node and set(node) <= set(ANSWERED):
        return answered(node["answer"])
    asked = "question" in node
    return {key: answered(value) for key, value in node.items() if not (asked and key in ("question", "candidates"))}
