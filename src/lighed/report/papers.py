"""A report as a page: what its definition asks for, of the records that the reader may see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from lighed.core.errors import Problem
from lighed.core.register import Field, Register
from lighed.core.report import Part, Report, Section
from lighed.core.text import Lang, day
from lighed.portfolio.archive import Record
from lighed.portfolio.desk import Desk
from lighed.report.page import Block, Cell, Facts, Heading, Link, Notice, Page, Words
from lighed.report.reckoned import RECKONED, Figures, Subject, no_figures, table, unapproved

SHORT = frozenset({"number", "amount", "share"})


def paper(
    desk: Desk,
    report: Report,
    made: date,
    lang: Lang,
    *,
    register: Register | None = None,
    record: Record | None = None,
    figures: Figures = no_figures,
) -> Page:
    """Return a report as it stands; what it lacks is said at its sections as long as it can be written."""
    subject = Subject(desk, report, lang, register, record, figures)
    writable = register is not None and record is not None and register.workflow.state(record.state).editable
    lacks = desk.missing(register, record) if writable and register and record else []
    blocks = [Words(_stand(subject, made), lead=True), *_facts(subject)]
    for at, section in enumerate(report.sections, 1):
        blocks += [Heading(section.title[lang], f"section-{at}"), *_section(subject, section, lacks)]
    blocks.append(Words(subject.say("source", source=report.source[lang])))
    title = register.titled(record.content) if register and record else report.title[lang]
    return Page(title, lang, tuple(blocks), trail=_trail(subject))


def _trail(subject: Subject) -> tuple[Link, ...]:
    if not (subject.register and subject.record):
        return ()
    return (Link(subject.register.titled(subject.content), _address(subject, subject.register, subject.record)),)


def _address(subject: Subject, register: Register, record: Record) -> str:
    return f"/{subject.lang}/portfolio/record/{register.id}/{record.id}"


def _stand(subject: Subject, made: date) -> str:
    """Return what this is, whose version it is of when, and where it stands."""
    title, printed = subject.report.title[subject.lang], day(made, subject.lang)
    if not (subject.register and subject.record):
        return subject.say("stands_by_itself", title=title, made=printed)
    record, state = subject.record, subject.register.workflow.state(subject.record.state)
    written = day(datetime.fromtimestamp(record.at).date(), subject.lang)  # noqa: DTZ006 - the day where the program runs
    said = {"version": record.version, "state": state.title[subject.lang], "by": record.by}
    return subject.say("stands", title=title, at=written, made=printed, **said)


def _facts(subject: Subject) -> Iterator[Block]:
    facts = []
    for fact in subject.report.facts if subject.register and subject.record else ():
        path, _, name = fact.rpartition("/")
        register, found = subject.related(path) if path else (subject.register, [subject.record])
        assert register is not None
        told = [each for each in subject.words(register, [one for one in found if one], name) if each != "–"]
        facts += [(register.field(name).title[subject.lang], "; ".join(told))] if told else []
    if facts:
        yield Facts(tuple(facts))


def _section(subject: Subject, section: Section, lacks: list[Problem]) -> Iterator[Block]:
    register, record = subject.register, subject.record
    for at, name in enumerate(section.fields if register and record else ()):
        assert register is not None
        assert record is not None
        yield from _text(subject, register.field(name), subject.words(register, [record], name)[0], first=at == 0)
    named = {rule.field for rule in section.rules}
    for problem in lacks:
        if problem.column in named and register:
            title = register.field(str(problem.column)).title[subject.lang]
            yield Notice(subject.say("missing", field=title, fault=problem.fault(subject.lang)), "warning")
    for part in section.parts:
        yield from _part(subject, part)


def _text(subject: Subject, field: Field, text: str, *, first: bool) -> Iterator[Block]:
    """Return a field's text by paragraphs; what is not the section's own text is named."""
    if text == "–":
        if first:
            yield Words(subject.say("not_written"))
    elif field.kind == "long_text" and first:
        yield from (Words(part.strip()) for part in text.split("\n\n") if part.strip())
    else:
        yield Words(f"{field.title[subject.lang]}: {text}")


def _part(subject: Subject, part: Part) -> Iterator[Block]:
    caption = part.title[subject.lang] if part.title else ""
    if part.reckoned:
        yield from RECKONED[part.reckoned](subject, part, caption)
        return
    register, found = subject.taken(part)
    caption = caption or register.title[subject.lang]
    if not found:
        yield Words(subject.say("none", what=caption))
        return
    fields = [register.field(name) for name in part.columns]
    heads = [register.one[subject.lang].capitalize(), *(field.title[subject.lang] for field in fields)]
    columns = [subject.words(register, found, field.id) for field in fields]
    firsts = [_named(subject, register, one) for one in found]
    numbers = [at for at, field in enumerate(fields, 1) if field.kind in SHORT]
    yield table(caption, heads, list(zip(firsts, *columns, strict=True)), numbers)


def _named(subject: Subject, register: Register, one: Record) -> Cell:
    below = unapproved(register, one, subject.lang)
    return Cell(register.titled(one.content), href=_address(subject, register, one), below=below)
