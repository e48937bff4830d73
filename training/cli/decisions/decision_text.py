"""Decisions as text: the table of all, the champions of a day, and checks with their requirements and findings."""

import textwrap
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.config import PromotionPolicy
    from training.registry.decision_log import Chain
    from training.registry.decisions import Decision


def table(decisions: Sequence["Decision"], chain: "Chain") -> str:
    """A line for every decision: what, when, who and why, with what is out of the usual."""
    from training.config import load_policy

    if not decisions:
        return "no decisions yet; kap promote makes the first one"
    lines = [f"{'no.':>4}  {'when (UTC)':<20}  {'decision':<9} {'version':>7}  {'failed checks':<13}  who and why"]
    usual = load_policy()
    signed = signatures(chain)
    for decision in decisions:
        failed = sum(not check.passed for check in decision.checks)
        checks = f"{failed} of {len(decision.checks)}" if decision.checks else "-"
        lines.append(
            f"{decision.number:>4}  {decision.at:<20}  {decision.action:<9} {decision.version:>7}  {checks:<13}  "
            f"{decision.by}: {decision.reason}{_marks(decision, usual)}{signed.get(decision.number, ' [not signed]')}"
        )
    return "\n".join(lines)


def _policy_text(decision: "Decision", usual: "PromotionPolicy") -> str:
    """A mark for a decision under another policy than the default: the keys that differ, and their values."""
    from training.policy.evidence_policy import policy_digest

    if decision.policy_digest in (None, policy_digest(usual)):
        return ""
    wanted = usual.as_document()
    own = [f"{key} = {value}" for key, value in (decision.policy or {}).items() if value != wanted.get(key)]
    if decision.policy is not None and not own:
        return ""  # a policy of a version that had fewer keys
    return f" [not the default policy{': ' if own else ''}{', '.join(own)}]"


def _marks(decision: "Decision", usual: "PromotionPolicy") -> str:
    """Everything out of the usual about a decision, each in brackets."""
    tier = f" [{decision.tier}: {_granted_text(decision)}]" if decision.tier else ""
    approved = f" [approved by {', '.join(decision.approved_by)}]" if decision.approved_by else ""
    return f"{tier}{approved}{_policy_text(decision, usual)}{acknowledged_text(decision)}"


def _granted_text(decision: "Decision") -> str:
    """The promoted questions by landmark."""
    granted = decision.granted or {}
    found = [f"{landmark} {', '.join(asked)}" for landmark, asked in granted.items() if asked]
    return "; ".join(found) or "nothing"


def signatures(chain: "Chain") -> dict[int, str]:
    """A mark for each decision by its number: empty if who signed has as much right to it as anybody in this store."""
    from training.decisions.people import people_after
    from training.registry.recorded_decisions import recorded_decisions

    marks: dict[int, str] = {}
    for each in recorded_decisions(chain.entries)[0]:
        people = people_after(one for one in chain.entries if one.number <= each.entry.number)
        person = people.known(each.entry.key_id)
        if each.taken_over:
            marks[each.decision.number] = f" [not signed; taken over by {person.name if person else 'nobody'}]"
        elif (person is not None and person.added) or not chain.people.closed:
            marks[each.decision.number] = ""
        else:
            marks[each.decision.number] = " [signed before people were added]"
    return marks


def acknowledged_text(decision: "Decision") -> str:
    """A mark for every acknowledged leakage check: which one, by whom and why."""
    from training.leakage.acknowledgement import ACKNOWLEDGED

    marks = [
        f" [leakage check {check.name.removeprefix(ACKNOWLEDGED)} failed, {check.seen}]"
        for check in decision.checks
        if check.name.startswith(ACKNOWLEDGED)
    ]
    return "".join(marks)


def champions_text(decisions: Sequence["Decision"], day: date) -> str:
    """The champion at the end of the day first, then earlier champions of that day."""
    from training.config import load_policy

    if not decisions:
        return f"no version was champion on {day} (UTC)"
    last = decisions[-1]
    lines = [
        f"on {day} (UTC) version {last.version} was champion, by decision {last.number} ({last.action}) of {last.at}",
        f"decided by {last.by}: {last.reason}{_marks(last, load_policy())}",
        f"run {last.run_id}, bundle {last.bundle_digest}, evidence {last.evidence_digest or 'none'}",
        checks_text(last) or "no checks: a rollback needs none",
    ]
    lines += [
        f"earlier that day version {decision.version} was champion, by decision {decision.number} of {decision.at}"
        for decision in decisions[-2::-1]
    ]
    return "\n".join(lines)


def checks_text(decision: "Decision") -> str:
    """Every check of a decision: passed or failed, the requirement, the finding."""
    lines = []
    for check in decision.checks:
        lines += [
            f"{check.verdict}  {check.name}",
            _indented("required: ", check.required),
            _indented("seen:     ", check.seen),
        ]
    return "\n".join(lines)


def checks_summary(decision: "Decision") -> str:
    """The passed checks by name, the failed ones with requirement and finding."""
    passed = [f"passed  {check.name}" for check in decision.checks if check.passed]
    failed = decision.model_copy(update={"checks": tuple(check for check in decision.checks if not check.passed)})
    lines = [*passed, *([checks_text(failed)] if failed.checks else [])]
    return "\n".join([*lines, *(["all figures: kap history --json"] if lines else [])])


def _indented(label: str, text: str) -> str:
    return textwrap.fill(text, 118, initial_indent=" " * 8 + label, subsequent_indent=" " * 18)
