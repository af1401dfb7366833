"""Registers take their workflows and code lists by name; here the names become what they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lighed.catalogue.publication import Factor, FocusArea, Recommendation
from lighed.core.diagnostic import Diagnostic, problems_of
from lighed.core.errors import DefinitionError
from lighed.core.pathway import Pathway
from lighed.core.register import Code, CodeList, Register, Workflow
from lighed.core.report import Report, way
from lighed.core.text import Text
from lighed.core.types import Area, Definition, Indicator, Policy, Stratifier

OF_DEFINITIONS = "Lighed"


class ShippedRecord(Definition):
    """A record that the program brings along, the moves that it has made, and the reason of those that need one."""

    id: str
    content: dict[str, Any]
    moves: tuple[str, ...] = ()
    reason: str = ""


def lists_of(
    factors: Iterable[Factor],
    focus_areas: Iterable[FocusArea],
    recommendations: Iterable[Recommendation],
    indicators: Iterable[Indicator],
    pathways: Iterable[Pathway],
    stratifiers: Iterable[Stratifier],
    reports: Iterable[Report],
    policies: Iterable[Policy],
    areas: Iterable[Area],
) -> Iterator[CodeList]:
    """Return the code lists that the catalogue's own definitions are."""
    advice, causes = tuple(recommendations), tuple(factors)
    hiding = [one for one in policies if one.mode == "suppress"]
    acts = [act for one in causes for act in one.actions]
    for name, title, defined in (
        ("factors", Text(da="Faktorer", en="Factors"), causes),
        ("actions", Text(da="Kommunale indsatser", en="Municipal actions"), acts),
        ("focus_areas", Text(da="Indsatsområder", en="Focus areas"), focus_areas),
        ("recommendations", Text(da="Anbefalinger", en="Recommendations"), advice),
        ("needs", Text(da="Behov", en="Needs"), [need for one in advice for need in one.needs]),
        ("indicators", Text(da="Indikatorer", en="Indicators"), indicators),
        ("pathways", Text(da="Forløb", en="Pathways"), pathways),
        ("stratifiers", Text(da="Sociale grupper", en="Social groups"), stratifiers),
        ("reports", Text(da="Skabeloner", en="Templates"), reports),
        ("policies", Text(da="Regler for, hvad der vises", en="Rules of what is shown"), hiding),
    ):
        codes: Any = tuple(Code(id=str(one.id), title=one.title, kind=getattr(one, "kind", None)) for one in defined)
        yield CodeList(id=name, title=title, source=OF_DEFINITIONS, codes=codes)
    places = tuple(Code(id=one.code, title=one.name) for one in areas if one.kind in {"municipality", "region"})
    yield CodeList(id="areas", title=Text(da="Områder", en="Areas"), source=OF_DEFINITIONS, codes=places)


def resolved(tree: Any, workflows: Mapping[str, Workflow], lists: Mapping[str, CodeList], path: Path) -> Any:
    """Return a register's file with what its names stand for."""
    if not isinstance(tree, dict):
        return tree
    fields = [_with_codes(field, lists, path) for field in tree.get("fields", [])]
    return tree | {"workflow": _named(tree.get("workflow"), "workflow", workflows, path), "fields": fields}


def _with_codes(field: Any, lists: Mapping[str, CodeList], path: Path) -> Any:
    if not isinstance(field, dict) or not isinstance(field.get("codes"), str):
        return field
    return field | {"codes": _named(field["codes"], "code list", lists, path).codes}


def _named(name: Any, what: str, known: Mapping[str, Any], path: Path) -> Any:
    if name not in known:
        raise DefinitionError(path, f"the {what} '{name}' is not known; use one of {', '.join(known)}")
    return known[name]


def check_diagnostics(
    diagnostics: Mapping[str, Diagnostic], registers: Mapping[str, Register], pitfalls: set[str]
) -> None:
    """Refuse a rule that names a register, a column or a pitfall that does not exist."""
    for one in diagnostics.values():
        for problem in problems_of(one, registers, pitfalls):
            raise DefinitionError(Path(f"diagnostics/{one.id}.yaml"), problem)


def check_registers(registers: Mapping[str, Register]) -> None:
    """Refuse a register that refers to one that does not exist."""
    for register in registers.values():
        for field in register.fields:
            if field.register_id is not None:
                _named(field.register_id, "register", registers, Path(f"registers/{register.id}.yaml"))


def check_reports(reports: Mapping[str, Report], registers: Mapping[str, Register]) -> None:
    """Refuse a report with a way or a field that the registers do not have."""
    for report in reports.values():
        for start, path, name in _named_by(report):
            try:
                end = registers[way(registers, start, path)[-1].register] if path else registers[start or ""]
            except KeyError as missing:
                raise DefinitionError(Path(f"reports/{report.id}.yaml"), f"'{path}' leads nowhere: {missing}") from None
            if name and name not in end.names:
                where = Path(f"reports/{report.id}.yaml")
                raise DefinitionError(where, f"{end.id} has no field '{name}'; use {', '.join(end.names)}")


def _named_by(report: Report) -> Iterator[tuple[str | None, str, str]]:
    """Return each way that a report names, from which register, and the field at its end."""
    for name in (*report.fields, *report.facts, *report.where, *filter(None, [report.chosen])):
        path, _, field = name.rpartition("/")
        yield report.register_id, path, field
    for rule in report.rules:
        yield report.register_id, "", rule.field
        for name in rule.having:
            yield report.register_id, rule.among, name
    for part in (part for section in report.sections for part in section.parts if part.of):
        yield report.register_id, part.of, ""
        for name in (*part.columns, *part.where):
            yield report.register_id, part.of, name
