"""The command line: thin commands that find, call and say."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lighed.core.errors import DataError, LighedError, Problem
from lighed.core.settings import Settings
from lighed.core.text import Lang, number, say

if TYPE_CHECKING:
    from lighed.core.accounts import Accounts
    from lighed.core.project import Project
    from lighed.core.register import Register
    from lighed.core.types import Evaluation, Level
    from lighed.portfolio.archive import Record
    from lighed.workbench.desk import Desk

app = typer.Typer(
    help="Lighed: social inequality in health, from register files to published pages.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
forms = typer.Typer(help="Forms that a professional fills in with a citizen, apart from the statistics.")
app.add_typer(forms, name="forms")
portfolio = typer.Typer(
    help="Registers of what is done, as initiatives; their pages are opened by `serve --portfolio`.",
    no_args_is_help=True,
)
app.add_typer(portfolio, name="portfolio")
SETTINGS = Settings()
LANG: Lang = SETTINGS.lang
STOPPED = 130  # what the command line parser makes of Ctrl-C
ENDS = ("value", "lower", "upper")
out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)

ProjectOption = Annotated[Path, typer.Option("--project", "-p", help="The project folder.")]
ClinicOption = Annotated[
    Path, typer.Option("--project", "-p", help="The folder of the forms, never of the statistics.")
]
UserOption = Annotated[str | None, typer.Option(help="Who does it, where two persons are needed.")]
PasswordOption = Annotated[str | None, typer.Option(help="Asked for when left out.")]
RegistersOption = Annotated[Path, typer.Option("--project", "-p", help="The folder of the registers.")]
PortOption = Annotated[int, typer.Option(help="The port to listen on.")]


def _today() -> date:
    return date.today()  # noqa: DTZ011 - the day where the user is


def main() -> None:
    """Run a command; what goes wrong is a sentence and exit code 1."""
    try:
        app()
    except LighedError as error:
        _fail(error)
    except Exception as error:  # noqa: BLE001 - the text of another's error may hold a value of a file
        if isinstance(error.__cause__, KeyboardInterrupt):  # how an engine says that its query was stopped
            _stop()
        _fail(LighedError("unexpected", kind=type(error).__name__))
    except SystemExit as ended:
        if ended.code == STOPPED:
            _stop()
        raise


def _stop() -> None:
    err.print(say("cli.stopped", LANG))
    sys.exit(STOPPED)


def _fail(error: LighedError, lang: Lang | None = None) -> None:
    err.print(error.sentence(lang or LANG), style="red", markup=False)
    sys.exit(1)


@app.command()
def init(
    files: Annotated[list[Path], typer.Argument(help="Files whose mapping to draft.")],
    project: ProjectOption = Path(),
    dimension: Annotated[
        list[str] | None, typer.Option(help="A column that is a social dimension of your own.")
    ] = None,
) -> None:
    """Look at your files and draft a mapping for each; you read it through before anything is loaded."""
    from lighed import catalogue
    from lighed.core.identifiers import masked
    from lighed.core.project import Project
    from lighed.workbench import zone

    made = Project.create(project, first=_today().year - 10, last=_today().year - 1)
    zone.first_key(made)
    for file in files:
        taken = zone.add_table(made, file, catalogue.load(project))
        if taken:
            shown = masked(file.name)
            out.print(say("cli.drafted_table", LANG, file=shown, path=taken[0], plan=taken[1]), markup=False)
            continue
        for column in dimension or []:
            for path in zone.add_dimension(made, file, column, LANG):
                out.print(say("cli.drafted_dimension", LANG, path=path, id=path.stem), markup=False)
        target, new = zone.draft_mapping(made, file, catalogue.load(project), LANG, dimensions=dimension or [])
        key = "cli.drafted" if new else "cli.kept_draft"
        out.print(say(key, LANG, path=target, file=masked(str(file)), project=project), markup=False)


@app.command()
def load(
    files: Annotated[list[Path], typer.Argument(help="Files to load, all or none of each.")],
    project: ProjectOption = Path(),
    mapping: Annotated[Path | None, typer.Option(help="The mapping file; otherwise mappings/<file>.yaml.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen and store nothing.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="A corrected version of a file that was loaded before.")
    ] = False,
) -> None:
    """Load files into the project's person store; each whole or not at all."""
    from lighed import catalogue
    from lighed.core.identifiers import masked
    from lighed.core.project import Project
    from lighed.workbench.zone import load_file, mapping_path, note, read_mapping

    made, known = Project(project), catalogue.load(project)
    for file in files:
        chosen = mapping or mapping_path(made, file)
        if not chosen.is_file():
            err.print(say("cli.no_mapping", LANG, file=masked(str(file)), project=project), style="red", markup=False)
            raise typer.Exit(1)
        taken = load_file(made, file, read_mapping(chosen), known, dry_run=dry_run, replace=replace)
        note(made, "try" if dry_run else "load", masked(chosen.name), f"{sum(taken.rows.values())} rows")
        key = "cli.would_load" if dry_run else "cli.loaded" if taken.changed else "cli.unchanged"
        rows = number(sum(taken.rows.values()), LANG, digits=0)
        listed = ", ".join(f"{table} {number(n, LANG, digits=0)}" for table, n in taken.rows.items())
        out.print(
            say(
                key,
                LANG,
                file=masked(file.name),
                rows=rows,
                persons=number(taken.persons, LANG, digits=0),
                tables=listed,
            ),
            markup=False,
        )


@app.command()
def check(project: Annotated[Path | None, typer.Option("--project", "-p", help="The project folder.")] = None) -> None:
    """Check every definition, run its worked example on the engine, and list what still waits."""
    from lighed.analysis.examples import mistakes, mistakes_along, mistakes_of_evaluation, mistakes_of_use
    from lighed.catalogue import load as read
    from lighed.core.form import mistakes_of_form
    from lighed.core.register import mistakes_of_register
    from lighed.portfolio.diagnostics import mistakes_of_diagnostic
    from lighed.portfolio.reports import mistakes_of_report
    from lighed.store.engine import connect

    known, engine = read(project), connect()
    made = {i.id for pathway in known.pathways.values() for i in pathway.indicators} | {*known.uses}
    run = [i for i in known.indicators.values() if i.computes and i.id not in made]
    wrong = [line for indicator in run for line in mistakes(engine, indicator)]
    wrong += [line for pathway in known.pathways.values() for line in mistakes_along(engine, pathway)]
    wrong += [line for use in known.uses.values() for line in mistakes_of_use(engine, use)]
    evaluations = known.evaluations.values()
    wrong += [line for each in evaluations for line in mistakes_of_evaluation(each, known.groups(each))]
    wrong += [line for form in known.forms.values() for line in mistakes_of_form(form)]
    wrong += [line for register in known.registers.values() for line in mistakes_of_register(register)]
    wrong += [line for rule in known.diagnostics.values() for line in mistakes_of_diagnostic(rule, known.registers)]
    wrong += [line for report in known.reports.values() for line in mistakes_of_report(report)]
    for line in wrong:
        err.print(line, style="red", markup=False)
    for what, ids in known.waiting().items():
        out.print(
            say("cli.waiting", LANG, what=say(f"catalogue.waits_for.{what}", LANG), count=len(ids), ids=", ".join(ids))
        )
    out.print(
        say("cli.status_fields", LANG, ids=", ".join(i.id for i in known.indicators.values() if i.kind == "status"))
    )
    if wrong:
        err.print(say("cli.mistakes", LANG, count=len(wrong)), style="red")
        raise typer.Exit(1)
    own = len(evaluations) + len(known.pathways) + len(known.uses) + len(known.forms) + len(known.registers)
    own += len(known.diagnostics)
    own += len(known.reports)
    out.print(say("cli.checked", LANG, count=len(known.indicators) - len(made) + own, examples=len(run) + own))


@app.command()
def build(
    project: ProjectOption = Path(),
    plan: Annotated[str | None, typer.Option(help="Which plan of the project.")] = None,
    made: Annotated[
        str | None, typer.Option(help="The date that the release bears (2026-11-22); today without.")
    ] = None,
    user: UserOption = None,
    password: PasswordOption = None,
) -> None:
    """Build a release from the person store and published tables, protect it, audit it, and put it in force.

    In a project with a releaser it waits for somebody else to sign it.
    """
    from lighed import catalogue
    from lighed.core.project import Project
    from lighed.workbench.zone import build as make
    from lighed.workbench.zone import note, plan_of, point_at, two_persons, whoever
    from lighed.workbench.zone import sign as write_down

    where, known = Project(project), catalogue.load(project)
    chosen = plan_of(known, plan, where)
    if two_persons(where):
        candidate = _desk(where, user, password).build(chosen.id, made=made)
        hidden = number(candidate.release.audit.get("hidden_figures", 0), LANG, digits=0)
        out.print(say("cli.waits_for_signature", LANG, hidden=hidden, plan=chosen.id), markup=False)
        return
    versions = where.releases / chosen.id
    day = made or _today().isoformat()
    lies = {"store": where.store, "tables": where.tables, "key": where.key, "versions": versions}
    built = make(known, chosen, **lies, made=day)
    write_down(built.release.folder, by=whoever(), built_by=whoever())
    point_at(versions, built.release.folder)
    note(where, "build", f"{chosen.id}/{built.release.folder.name}", "put in force")
    _say_built(built)


def _desk(project: Project, user: str | None, password: str | None) -> Desk:
    """Return the desk of a user who signs in on the command line."""
    from lighed.core.accounts import Accounts
    from lighed.workbench.desk import Desk

    if user is None:
        err.print(say("cli.two_persons", LANG), style="red", markup=False)
        raise typer.Exit(1)
    accounts = Accounts(project.accounts)
    token = accounts.sign_in(user, password or typer.prompt(say("cli.password", LANG), hide_input=True))
    session = accounts.session(token)
    assert session is not None
    accounts.sign_out(token)
    return Desk(project, accounts, session.user)


@app.command()
def sign(
    plan: Annotated[str, typer.Argument(help="The plan of the release that was built.")],
    project: ProjectOption = Path(),
    user: UserOption = None,
    password: PasswordOption = None,
    rules: Annotated[bool, typer.Option("--rules", help="Approve that the rules are other than before.")] = False,
) -> None:
    """Sign a release that somebody else built, and put it in force."""
    from lighed.core.project import Project

    desk = _desk(Project(project), user, password)
    candidate = desk.candidate(plan)
    for name, (before, now) in desk.changed_rules(candidate).items():
        out.print(say("cli.rule_changed", LANG, name=name, before=before, now=now), markup=False)
    folder = desk.sign_off(candidate, seen=candidate.id, rules=rules)
    out.print(say("cli.signed", LANG, folder=folder), markup=False)


def _say_built(built: Any) -> None:
    hidden = built.release.audit.get("hidden_figures", 0)
    key = "cli.built" if built.new else "cli.same_release"
    out.print(
        say(
            key,
            LANG,
            folder=built.release.folder,
            rows=number(built.rows, LANG, digits=0),
            hidden=number(hidden, LANG, digits=0),
        )
    )
    if left_out := built.release.audit.get("left_out"):
        out.print(say("cli.left_out", LANG, count=number(len(left_out), LANG, digits=0)))


@app.command()
def serve(
    folders: Annotated[list[Path] | None, typer.Argument(help="Releases, or folders of releases.")] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = SETTINGS.host,
    port: PortOption = 8000,
    portfolio: Annotated[
        Path | None,
        typer.Option(help="The folder of the registers of initiatives; they get a place beside the releases."),
    ] = None,
) -> None:
    """Serve the pages of releases. Nothing of the secure zone is needed, or can be opened."""
    from lighed.core.release import found_in
    from lighed.web.app import create_app

    found = [release for folder in folders or [Path("releases")] for release in found_in(folder)]
    if not found:
        err.print(
            say("cli.nothing_to_serve", LANG, folder=", ".join(map(str, folders or [Path("releases")]))), style="red"
        )
        raise typer.Exit(1)
    _run(create_app(found, _registers(portfolio) if portfolio else None), host, port, "cli.serving")


def _registers(folder: Path) -> Any:
    from lighed.portfolio.house import House
    from lighed.web.portfolio import create_app

    house = House.open(folder)
    _say_first_user(house.accounts)
    return create_app(house)


def _say_first_user(accounts: Accounts) -> None:
    from lighed.core.accounts import FIRST, first_user

    password = first_user(accounts)
    if password:
        out.print(say("cli.first_user", LANG, name=FIRST, password=password), markup=False)


@app.command()
def workbench(
    project: ProjectOption = Path(),
    host: Annotated[str, typer.Option(help="The address to listen on; inside the secure zone.")] = SETTINGS.host,
    port: PortOption = 8001,
) -> None:
    """Open the analyst's pages of the secure zone: upload, mapping, dry run, build, sign-off."""
    from lighed.core.accounts import Accounts
    from lighed.core.project import Project
    from lighed.workbench.app import create_app

    made = Project.create(project, first=_today().year - 10, last=_today().year - 1)
    _say_first_user(Accounts(made.accounts))
    _run(create_app(made), host, port, "cli.workbench")


@forms.callback(invoke_without_command=True)
def fill_in(
    context: typer.Context,
    project: ClinicOption = Path("forms"),
    host: Annotated[str, typer.Option(help="The address to listen on; inside the clinic's network.")] = SETTINGS.host,
    port: PortOption = 8002,
) -> None:
    """Open the pages where professionals fill in forms with citizens; apart from everything of the statistics."""
    if context.invoked_subcommand:
        return
    from lighed.forms.clinic import Clinic
    from lighed.web.forms import create_app

    clinic = Clinic.open(project)
    _say_first_user(clinic.accounts)
    _run(create_app(clinic), host, port, "cli.forms")


@forms.command()
def export(
    key: Annotated[Path, typer.Option(help="The key file of the statistics project that the rows go to.")],
    period: Annotated[str, typer.Option(help="The year (2026) or month (2026-11) that the rows are of.")],
    output: Annotated[Path, typer.Option(help="The CSV file to write; its mapping is written beside it.")],
    user: Annotated[str, typer.Option(help="Who exports; the password is asked for.")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, help="Asked for when left out.")],
    project: ClinicOption = Path("forms"),
) -> None:
    """Hand filled-in forms to the statistics, under the pseudonyms of its key; a person with the right does it."""
    from lighed.core.keys import read_key
    from lighed.forms.clinic import Clinic
    from lighed.forms.export import MAPPING, text

    _demand_writable(output, key)
    clinic = Clinic.open(project)
    token = clinic.accounts.sign_in(user, password)
    session = clinic.accounts.session(token)
    assert session is not None
    made = clinic.desk(session.user).export(read_key(key), period)
    clinic.accounts.sign_out(token)
    output.touch(0o600)
    output.write_text(text(made), "utf-8")
    output.with_suffix(".yaml").write_text(MAPPING, "utf-8")
    out.print(
        say("cli.forms_exported", LANG, path=output, rows=len(made), mapping=output.with_suffix(".yaml")), markup=False
    )


@forms.command()
def verify(project: ClinicOption = Path("forms")) -> None:
    """Check that no line of the log of readings was changed or taken out."""
    from lighed.forms.clinic import Clinic

    broken = Clinic.open(project).accounts.broken_at()
    if broken is not None:
        err.print(say("zone.log.broken", LANG, number=broken), style="red")
        raise typer.Exit(1)
    out.print(say("zone.log.whole", LANG))


@forms.command()
def delete(project: ClinicOption = Path("forms")) -> None:
    """Delete the forms whose date has come; the pages do so by themselves while they are open."""
    from lighed.forms.clinic import Clinic

    out.print(say("cli.forms_deleted", LANG, count=Clinic.open(project).delete_due()))


@portfolio.callback()
def registers() -> None:
    """Look after the registers."""


@portfolio.command(name="fill")
def fill_portfolio(
    project: Annotated[Path, typer.Option("--project", "-p", help="The folder to make.")] = Path("portfolio"),
) -> None:
    """Make a folder of registers to try: what the Danish sources say, and an account of each role."""
    if project.exists():
        raise LighedError("folder_taken", path=project)
    _say_filled(project)


def _say_filled(folder: Path) -> None:
    from lighed.core.accounts import roles
    from lighed.portfolio.shipped import PEOPLE, fill

    password = fill(folder)
    if password:
        named = ", ".join(f"{name} ({roles()[role].title[LANG].lower()})" for name, role in PEOPLE.items())
        out.print(say("cli.portfolio_filled", LANG, folder=folder, names=named, password=password), markup=False)


@portfolio.command(name="verify")
def verify_portfolio(
    project: RegistersOption = Path("portfolio"),
) -> None:
    """Check that no version of a record, no file and no line of the log was changed or taken out."""
    from lighed.portfolio.house import House

    house = House.open(project)
    broken, files, line = house.archive.broken(), house.broken_files(), house.accounts.broken_at()
    for register, name, version in broken:
        err.print(say("cli.broken_version", LANG, record=f"{register}/{name}", version=version), style="red")
    for register, name, file in files:
        err.print(say("cli.broken_file", LANG, record=f"{register}/{name}", name=file), style="red", markup=False)
    if line is not None:
        err.print(say("zone.log.broken", LANG, number=line), style="red")
    if broken or files or line is not None:
        raise typer.Exit(1)
    out.print(say("cli.versions_whole", LANG))


@portfolio.command(name="survey")
def take_in_survey(
    file: Annotated[Path, typer.Argument(help="The export of the survey program: CSV or XLSX.")],
    mapping: Annotated[Path, typer.Option(help="The mapping file: which column is which item.")],
    user: Annotated[str, typer.Option(help="Who reads it in; the password is asked for.")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, help="Asked for when left out.")],
    project: RegistersOption = Path("portfolio"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change and keep nothing.")] = False,
) -> None:
    """Read the answers of a survey of partners into the registers, all or none."""
    from lighed.catalogue.load import read_yaml, validated
    from lighed.core.survey import SurveyMapping
    from lighed.portfolio.answers import Export, take_in
    from lighed.portfolio.house import House

    house = House.open(project)
    export = Export(file.name, _bytes(file), validated(SurveyMapping, read_yaml(mapping), mapping))
    token = house.accounts.sign_in(user, password)
    session = house.accounts.session(token)
    assert session is not None
    changes = take_in(house.desk(session.user), export, dry_run=dry_run)
    house.accounts.sign_out(token)
    for change in changes:
        _say_change(*change)
    new = sum(before is None for _, before, _ in changes)
    key = "cli.survey_dry" if dry_run else "cli.survey_kept"
    out.print(say(key, LANG, file=file.name, new=new, changed=len(changes) - new), markup=False)


def _bytes(file: Path) -> bytes:
    if not file.is_file():
        raise DataError([Problem("no_file", file.name)])
    return file.read_bytes()


def _say_change(register: Register, before: Record | None, after: Record) -> None:
    from lighed.portfolio.words import differences

    what = say("portfolio.history.edited" if before else "portfolio.history.created", LANG)
    title = register.titled(after.content)
    out.print(say("cli.survey_record", LANG, register=register.title[LANG], title=title, what=what), markup=False)
    for one in differences(register, before.content, after.content, LANG, {}) if before else []:
        said = {"before": one.before or "–", "after": one.after or "–"}
        out.print(say("cli.survey_field", LANG, field=one.field.title[LANG], **said), markup=False)


@portfolio.command(name="export")
def export_portfolio(
    indicators: Annotated[Path, typer.Option(help="The CSV or Parquet file to write; its mapping stands beside it.")],
    project: RegistersOption = Path("portfolio"),
) -> None:
    """Hand the approved counts of organisations' work to the statistics, where their indicators are computed."""
    from lighed.core.accounts import User
    from lighed.portfolio.house import House
    from lighed.portfolio.tallies import FORMATS, MAPPING, tallies, written

    mapping = indicators.with_suffix(".yaml")
    if indicators.suffix not in FORMATS:
        raise LighedError("register.file_kind", known=", ".join(FORMATS))
    _demand_writable(indicators, mapping)
    made, left = tallies(House.open(project).desk(User("-", frozenset({"reader"}))))
    indicators.write_bytes(written(made, indicators.suffix))
    mapping.write_text(MAPPING.format(format=FORMATS[indicators.suffix]), "utf-8")
    out.print(say("cli.tallied", LANG, path=indicators, rows=len(made), mapping=mapping), markup=False)
    if left:
        records = ", ".join(f"{one.register}/{one.id}" for one in left)
        out.print(say("cli.not_tallied", LANG, count=len(left), records=records), markup=False)


@portfolio.command()
def archive(
    target: Annotated[Path, typer.Argument(help="The folder or the zip file to write.")],
    project: RegistersOption = Path("portfolio"),
) -> None:
    """Write the published library as pages that need no server, with its files and checksums (BagIt)."""
    from datetime import UTC, datetime

    from lighed.core.accounts import User
    from lighed.portfolio.bag import bagged, write
    from lighed.portfolio.house import House
    from lighed.report.library import newest, shelves, site

    desk = House.open(project).desk(User("-", frozenset({"reader"})))
    day = datetime.fromtimestamp(newest(shelves(desk)), UTC).date()
    made = bagged(site(desk), {"Source-Organization": "Lighed", "Bagging-Date": day.isoformat()})
    write(target, made)
    out.print(say("cli.archived", LANG, path=target, count=len(made)), markup=False)


@portfolio.command()
def check_archive(
    source: Annotated[Path, typer.Argument(help="The folder or zip file that `archive` wrote.")],
) -> None:
    """Check that no file of an archive is missing, changed or added."""
    from lighed.portfolio.bag import faults, read

    files = read(source)
    found = list(faults(files))
    for kind, path in found:
        err.print(say(f"cli.archive_{kind}", LANG, path=path), style="red", markup=False)
    if found:
        raise typer.Exit(1)
    out.print(say("cli.archive_whole", LANG, count=len(files)))


@portfolio.command()
def due(
    project: Annotated[Path, typer.Option("--project", "-p", help="The folder of the registers.")] = Path("portfolio"),
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day asked about; else today.")] = None,
    organisation: Annotated[str, typer.Option(help="The id of one organisation; else all.")] = "",
    write: Annotated[Path | None, typer.Option(help="Write the list as CSV.")] = None,
) -> None:
    """List what must be reported, by whom and until when, the most pressing first."""
    from lighed.portfolio.exchange import csv_of
    from lighed.portfolio.house import House
    from lighed.portfolio.obligations import COLUMNS, row

    found = House.open(project).dues(on.date() if on else _today())
    asked = [row(one) for one in found if organisation in ("", one.organisation)]
    if write:
        _demand_writable(write)
        write.write_bytes(csv_of([COLUMNS, *(each.values() for each in asked)]))
        out.print(say("cli.exported", LANG, path=write, rows=len(asked)))
        return
    for each in asked:
        standing = say(f"portfolio.standing.{each['standing']}", LANG)
        last = each["due"] or say("portfolio.due.unknown", LANG)
        out.print(f"{standing}: {each['organisation']}, {each['title']} ({each['period']}), {last}", markup=False)


def _run(application: Any, host: str, port: int, message: str) -> None:
    import uvicorn

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            err.print(say("cli.port_taken", LANG, port=port), style="red")
            raise typer.Exit(1) from None
    out.print(say(message, LANG, host=host, port=port))
    uvicorn.run(application, host=host, port=port, log_level="warning", server_header=False)


@app.command()
def measure(
    table: Annotated[Path, typer.Argument(help="An aggregated table in the HEAT Plus layout (CSV or Excel).")],
    write: Annotated[Path | None, typer.Option(help="Write the measures as CSV.")] = None,
    heat: Annotated[Path | None, typer.Option(help="Write the table again in the HEAT Plus layout, unchanged.")] = None,
) -> None:
    """Compute every measure of inequality for an aggregated table."""
    from lighed.analysis.tables import measured
    from lighed.sources.heat_plus import read_heat, write_heat

    for path in (write, heat):
        _demand_writable(path, table)
    read = read_heat(table)
    made = measured(read.rows)
    if heat:
        write_heat(read, heat)
        out.print(say("cli.exported", LANG, path=heat, rows=len(read.rows)))
    if write:
        from pyarrow import csv

        csv.write_csv(made, write)
        out.print(say("cli.exported", LANG, path=write, rows=made.num_rows))
    else:
        _print_measures(made.to_pylist())


def _demand_writable(path: Path | None, *tables: Path | None) -> None:
    if path and (path.is_dir() or not path.parent.is_dir()):
        raise LighedError("no_folder", path=path)
    if path and path.resolve() in {table.resolve() for table in tables if table}:
        raise LighedError("own_input", path=path)


def _print_measures(rows: list[dict[str, Any]]) -> None:
    """A table per indicator, setting, year and dimension, and under it how the intervals were made."""
    tables: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        tables.setdefault((row["indicator"], row["setting"], row["date"], row["dimension"]), []).append(row)
    for key, measures in tables.items():
        out.print(_measures(" · ".join(map(str, key)), measures))


def _measures(title: str, rows: list[dict[str, Any]]) -> Table:
    from lighed.report.methods import explained
    from lighed.report.words import amount, flag_word

    made = Table(title=escape(title), title_justify="left", caption_justify="left")
    made.add_column(say("measured.measure", LANG))
    for head in ENDS:
        made.add_column(say(f"measured.{head}", LANG), justify="right")
    ways: dict[str, list[str]] = {}
    for row in rows:
        name = say(f"measure.{row['measure']}.title", LANG)
        digits = {"ratio": 3, "index": 3, "persons": 0}.get(row["unit"], 1)
        shown = [number(row[end], LANG, digits=digits) for end in ENDS]
        if row["unit"] == "probability":
            shown[0] = amount(row["value"], row["unit"], LANG)
        made.add_row(name, *shown)
        ways.setdefault(flag_word(row, LANG) if row["flags"] else explained(row["method"], LANG, {}), []).append(name)
    made.caption = escape("\n".join(f"{' · '.join(names)}: {way}" for way, names in ways.items()))
    return made


@app.command()
def evaluate(
    definition: Annotated[str, typer.Argument(help="The evaluation: its id, or the file of its definition.")],
    table: Annotated[
        Path, typer.Argument(help="The table that it names the columns of (CSV, Excel or Parquet), or a release.")
    ],
    participants: Annotated[
        Path | None, typer.Option(help="A table of who takes part, and for how many it is meant, by group.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write the rows as CSV.")] = None,
    lang: Annotated[Lang | None, typer.Option(help="The language of what is said.")] = None,
    project: Annotated[Path | None, typer.Option("--project", "-p", help="The project folder.")] = None,
) -> None:
    """Find the effect of an initiative on each social group and on the gap between them, and who took part."""
    chosen = lang or LANG
    try:
        _evaluate(definition, table, participants, output, chosen, project)
    except LighedError as error:
        _fail(error, chosen)


def _evaluate(
    definition: str, table: Path, participants: Path | None, output: Path | None, lang: Lang, project: Path | None
) -> None:
    from lighed import catalogue
    from lighed.analysis.evaluate import evaluated
    from lighed.core.release import Release
    from lighed.report.evaluations import sentences
    from lighed.sources.panel import of_release, read_panel, read_participants
    from lighed.sources.raw import read

    _demand_writable(output, table, participants, Path(definition))
    known = catalogue.load(project)
    one = catalogue.evaluation(known, definition)
    groups = known.groups(one)
    taking = read_participants(read(participants), one, groups) if participants else None
    raw = of_release(Release.open(table), one) if table.is_dir() else read(table)
    made = evaluated(one, read_panel(raw, one, groups), groups, taking)
    for sentence in sentences(one, groups, made.to_pylist(), lang):
        out.print(sentence, markup=False)
    out.print(_effects(one, groups, made.to_pylist(), lang))
    if output:
        from pyarrow import csv

        csv.write_csv(made, output)
        out.print(say("cli.exported", lang, path=output, rows=made.num_rows), markup=False)


def _effects(one: Evaluation, groups: Sequence[Level], rows: list[dict[str, Any]], lang: Lang) -> Table:
    from lighed.report.evaluations import SIZES, group_title
    from lighed.report.methods import explained
    from lighed.report.words import DIGITS, flag_word

    made = Table(title=escape(one.title[lang]), title_justify="left", caption_justify="left")
    for head in ("evaluated.head.group", "measured.measure"):
        made.add_column(say(head, lang))
    for head in (*(f"evaluated.head.{name}" for name in SIZES), *(f"measured.{name}" for name in ENDS)):
        made.add_column(say(head, lang), justify="right")
    ways: dict[str, list[str]] = {}
    for row in rows:
        name = say(f"measure.{row['measure']}.title", lang)
        size = (
            DIGITS[one.unit] if row["part"] == "group" else 0 if row["part"] == "participants" else DIGITS[row["unit"]]
        )
        sizes = [number(row[end], lang, digits=size) for end in SIZES]
        ends = [number(row[end], lang, digits=DIGITS[row["unit"]]) for end in ENDS]
        made.add_row(escape(group_title(groups, row["level"], lang)), name, *sizes, *ends)
        way = flag_word(row, lang) if row["flags"] == "not_applicable" else explained(row["method"], lang, {})
        ways.setdefault(way, []).append(name)
    made.caption = escape("\n".join(f"{' · '.join(dict.fromkeys(names))}: {way}" for way, names in ways.items()))
    return made


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo lies.")] = Path("demo"),
    persons: Annotated[int, typer.Option(min=10_000, max=6_000_000, help="Synthetic persons.")] = 300_000,
    seed: Annotated[int, typer.Option(help="The seed of the synthetic persons.")] = 2026,
    port: PortOption = 8000,
    serve_it: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the pages when they are built.")] = True,
) -> None:
    """Build the demo and serve it: published figures of Denmark, a synthetic population, and what is done about it."""
    from lighed import catalogue
    from lighed.core.release import current, found_in
    from lighed.sources.synthetic import fill
    from lighed.store import Store
    from lighed.web.app import create_app
    from lighed.workbench.zone import build as make
    from lighed.workbench.zone import point_at

    known, releases = catalogue.load(), folder / "releases"
    fill(Store.create(folder / "store"), persons=persons, seed=seed, workers=SETTINGS.workers)
    for name in ("denmark", "synthetic"):
        versions = releases / name
        if current(versions) is None:
            built = make(
                known,
                known.plans[name],
                store=folder / "store",
                tables=None,
                versions=versions,
                made=_today().isoformat(),
            )
            point_at(versions, built.release.folder)
            _say_built(built)
    _say_filled(folder / "portfolio")
    if serve_it:
        _run(create_app(found_in(releases), _registers(folder / "portfolio")), SETTINGS.host, port, "cli.serving")


if __name__ == "__main__":
    main()
