"""What the rules find in the registers: the pitfalls of a portfolio, the flags at its figures, its early signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lighed.catalogue.publication import Pitfall
from lighed.core.condition import sentence
from lighed.core.diagnostic import Diagnostic, names_of
from lighed.core.register import Register
from lighed.core.text import Lang, join, number, say
from lighed.portfolio.diagnostics import INITIATIVES, Finding, Kept, Shelf, diagnose, signs
from lighed.report.page import Block, Cell, Column, Folded, Heading, Link, Page, Points, Table, Words


def diagnostics(
    shelf: Shelf, rules: Iterable[Diagnostic], pitfalls: Mapping[str, Pitfall], zone: str, lang: Lang
) -> Page:
    """Build the page of what the rules find; `zone` is the address that the records stand under."""
    found = [diagnose(shelf, rule) for rule in rules]
    blocks: list[Block] = [Words(_say("lead", lang), lead=True)]
    for name in pitfalls:  # in the order of the publication
        for one in (one for one in found if one.rule.pitfall == name):
            blocks += _pitfall(shelf, one, pitfalls[name], zone, lang)
    blocks += [Heading(_say("flags", lang), "flags-heading"), *_flags(shelf, found, zone, lang)]
    blocks += [Heading(_say("signs", lang), "signs-heading"), *_signs(shelf, zone, lang)]
    rows = [_row(one) for one in found]
    return Page(_say("title", lang), lang, tuple(blocks), rows=rows)


def _row(one: Finding) -> dict[str, Any]:
    records = [{"register": each.register, "id": each.id} for each in one.records]
    told = {"rule": one.rule.id, "kind": one.rule.kind, "count": len(records), "of": one.among, "all": one.all}
    return told | {"amount": one.amount, "records": records}


def _pitfall(shelf: Shelf, one: Finding, pitfall: Pitfall, zone: str, lang: Lang) -> list[Block]:
    blocks: list[Block] = [Heading(one.rule.title[lang], one.rule.id)]
    if one.among:
        percent = number(100 * len(one.records) / one.among, lang, digits=0)
        blocks.append(Words(one.rule.sentence[lang].format(count=len(one.records), of=one.among, percent=percent)))
        blocks.append(Words(" ".join([*_amount(one, lang), _say("basis", lang, of=one.among, all=one.all)])))
    else:
        blocks.append(Words(_say("nothing", lang)))
    condition = sentence(one.rule.when, lang, names_of(one.rule, shelf.registers))
    said = [_say("rule", lang, condition=condition), _say("says", lang, explanation=pitfall.explanation[lang])]
    blocks.append(Words(" ".join([*said, _say("source", lang, source=one.rule.source)])))
    if one.records:
        blocks.append(_records(shelf, one, "records", zone, lang))
    return blocks


def _amount(one: Finding, lang: Lang) -> list[str]:
    if one.amount is None or not one.amount[1]:
        return []
    found, every = (number(part, lang, digits=0) for part in one.amount)
    share = number(100 * one.amount[0] / one.amount[1], lang, digits=0)
    return [_say("amount", lang, share=share, found=found, all=every)]


def _flags(shelf: Shelf, found: list[Finding], zone: str, lang: Lang) -> list[Block]:
    raised = [one for one in found if one.rule.kind == "flag" and one.records]
    blocks: list[Block] = []
    for one in raised:
        blocks.append(Heading(one.rule.title[lang], one.rule.id, level=3))
        blocks.append(Words(f"{one.rule.sentence[lang]} {_say('source', lang, source=one.rule.source)}"))
        blocks.append(_records(shelf, one, "figures", zone, lang))
    return blocks or [Words(_say("no_flags", lang))]


def _records(shelf: Shelf, one: Finding, what: str, zone: str, lang: Lang) -> Folded:
    named = tuple(Words("", links=(_link(shelf, each, zone),)) for each in one.records)
    return Folded(_say(what, lang, count=len(named)), (Points(named),))


def _signs(shelf: Shelf, zone: str, lang: Lang) -> list[Block]:
    indicators = shelf.registers[INITIATIVES].field("indicators")
    rows = []
    for one in signs(shelf):
        link = _link(shelf, one.theory, zone)
        lists = [join([indicators.code(name)[lang] for name in names], lang) for names in (one.leading, one.lagging)]
        terms = [Cell(text or "–") for text in one.outcomes]
        signs_ = Cell(lists[0] or _say("none_leading", lang)), Cell(lists[1] or "–")
        rows.append((Cell(link.text, href=link.href), *terms, *signs_))
    if not rows:
        return [Words(_say("no_signs", lang))]
    return [_table("signs", ("theory", "short", "medium", "long", "leading", "lagging"), rows, lang)]


def _link(shelf: Shelf, one: Kept, zone: str) -> Link:
    register: Register = shelf.registers[one.register]
    return Link(register.titled(one.content), f"{zone}/record/{one.register}/{one.id}")


def _table(name: str, heads: tuple[str, ...], rows: Sequence[tuple[Cell, ...]], lang: Lang) -> Table:
    columns = tuple(Column(_say(head, lang)) for head in heads)
    return Table(_say(name, lang), columns, tuple(rows), id=name)


def _say(key: str, lang: Lang, /, **values: Any) -> str:
    return say(f"portfolio.diagnostics.{key}", lang, **values)
