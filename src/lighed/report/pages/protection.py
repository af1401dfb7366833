"""How the figures are protected, for who answers for them: what is hidden, what can be worked out, what is checked."""

from __future__ import annotations

from collections.abc import Sequence

from lighed.core.text import number
from lighed.report.page import Block, Facts, Heading, Page, Points, Words
from lighed.report.view import View

HIDDEN = ("few", "nearly_all", "company", "before", "follows")
CHECKED = ("check_rule", "check_again", "check_earlier", "check_record", "check_two", "check_apart")
RECORDED = ("cells", "hidden", "hidden_figures", "rounded", "lines", "lines_with_one_hidden", "earlier")
LIMITS = ("smallest_count", "smallest_group", "smallest_respondents", "smallest_units", "largest_within")
ATTACKED = ("attacked", "attack_exact", "attack_narrow")  # where all sums are held together
HOW = tuple(f"rounding.{name}" for name in ("limits", "many", "near", "same", "uncertain", "left_out"))
ROUNDED = ("small", "unequal_sums", "largest_change", "mean_change")


def protection(view: View) -> Page:
    """Build the page on how the figures of a release are protected, with what its audit found."""
    rule = Words(view.release.manifest.policy_explanation[view.lang])
    if view.release.audit.get("rules", {}).get("mode") == "round":
        blocks: list[Block] = [Words(view.say("protection.rounding.lead"), lead=True), *_rounded(view, rule)]
    elif view.release.audit["audited"]:
        blocks = [Words(view.say("protection.lead"), lead=True), *_hidden(view, rule), *_checked(view)]
    elif view.release.internal:
        blocks = [Words(view.say("protection.internal"), lead=True)]
    else:
        blocks = [Words(rule.text, lead=True), Words(view.say("protection.public"))]
    trail = view.trail(view.link("about"))
    return Page(view.say("protection.title"), view.lang, tuple(blocks), trail)


def _hidden(view: View, rule: Words) -> list[Block]:
    sums = "together" if "attacked" in view.release.audit else "each"
    return [
        _heading(view, "what"),
        rule,
        _points(view, HIDDEN),
        *_rules(view),
        _heading(view, "mark"),
        Words(view.say("protection.one_mark", mark=view.say("flag.suppressed"))),
        _heading(view, "reader"),
        _points(view, ("can_sum", "cannot_one", sums, "cannot_other", "knows_more")),
    ]


def _rounded(view: View, rule: Words) -> list[Block]:
    record = view.release.audit
    rules, left_out = record["rules"], view.count(len(record["left_out"]))
    base = _number(view, max(rules["smallest_count"], rules["smallest_group"]))
    named = [("cells", "cells"), *((f"rounding.{name}", name) for name in ROUNDED), ("earlier", "earlier")]
    checks = ("check_rule", "rounding.check_again", "rounding.check_earlier", *CHECKED[3:])
    return [
        _heading(view, "rounding.what", "what"),
        rule,
        _points(view, HOW, base=base, count=left_out),
        _heading(view, "reader"),
        _points(view, ("rounding.sums", "rounding.zero", "rounding.each", "knows_more"), base=base),
        _heading(view, "checked"),
        _points(view, checks, ordered=True),
        _heading(view, "record"),
        Facts(tuple((view.say(f"protection.{text}"), view.count(record[name])) for text, name in named)),
    ]


def _rules(view: View) -> list[Block]:
    """The rules of the policy, each with its limit."""
    said = {}
    for name, limit in view.release.audit["rules"].items():
        if name == "dominance":
            said[f"dominance_{limit['contributors']}"] = {"percent": _number(view, limit["percent"])}
        elif name == "public_persons":
            said[name] = {}
        elif name in LIMITS:
            said[name] = {"least": _number(view, limit), "below": _number(view, limit - 1)}
    said["median"] = said["smallest_count"]
    points = (Words(view.say(f"protection.rule.{name}", **limits)) for name, limits in said.items())
    return [_heading(view, "rules"), Points(tuple(points))]


def _number(view: View, value: float) -> str:
    return number(value, view.lang, digits=0 if value == int(value) else 1)


def _checked(view: View) -> list[Block]:
    record = view.release.audit
    named = [name for name in (*RECORDED, *ATTACKED) if name in record]
    found = ((view.say(f"protection.{name}"), view.count(record[name])) for name in named)
    return [
        _heading(view, "checked"),
        _points(view, CHECKED, ordered=True),
        _heading(view, "record"),
        Facts(tuple(found)),
    ]


def _heading(view: View, name: str, anchor: str = "") -> Heading:
    return Heading(view.say(f"protection.{name}"), anchor or name)


def _points(view: View, names: Sequence[str], *, ordered: bool = False, **said: str) -> Points:
    return Points(tuple(Words(view.say(f"protection.{name}", **said)) for name in names), ordered=ordered)
