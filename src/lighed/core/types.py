"""The few types that every package shares; all are frozen.

Definitions (``Stratifier``, ``Indicator``, ``Item``, ``Policy`` …) are read from files by ``lighed.catalogue``, which
checks them. A ``Summary`` is what leaves an engine, ``Estimates`` (in ``core.estimates``) is what anybody looks at.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from lighed.core.condition import ALWAYS, All, Condition, Either, Not, Test, parse, tree
from lighed.core.text import Text

UNKNOWN = "unknown"  # the level of those whose social position is not known: shown, never ranked
COUNTRY = "DK"
PERIOD = r"^(?P<year>\d{4})(?:-(?P<month>0[1-9]|1[0-2])(?:-01)?|[KQ](?P<quarter>[1-4]))?$"  # 2024, 2024-01, 2024K1

Kind = Literal["proportion", "rate", "mean", "count", "life_expectancy", "status"]
Basis = Literal["person", "event", "pathway", "survey", "organisation", "area", "published"]
COMPUTED: frozenset[Basis] = frozenset({"person", "event", "pathway", "survey"})
Polarity = Literal["lower_is_better", "higher_is_better"]
UnitId = Literal["percent", "per_1000", "per_100000", "per_person", "score", "kroner", "years", "number", "status"]
Design = Literal["trial", "before_after", "difference_in_differences", "staggered", "interrupted"]
WaitsFor = Literal["pathways", "organisation_registers", "segregation"]

# The scale from a share or a rate to what is written: 0.221 is written 22.1 percent.
SCALE: dict[UnitId, float] = {
    "percent": 100.0,
    "per_1000": 1_000.0,
    "per_100000": 100_000.0,
    "per_person": 1.0,
    "score": 1.0,
    "kroner": 1.0,
    "years": 1.0,
    "number": 1.0,
    "status": 1.0,
}


def _read_condition(given: Any) -> Any:
    return given if isinstance(given, Test | All | Either | Not) else parse(given)


Parsed = Annotated[Condition, BeforeValidator(_read_condition), PlainSerializer(tree)]


class Definition(BaseModel):
    """A frozen record read from a definition file; an unknown field is an error, not a surprise."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Level(Definition):
    """One group of a stratifier."""

    id: str
    title: Text


class Crosswalk(Definition):
    """Which source codes make up which level, within the years when that coding was in force."""

    first_year: int | None = None
    last_year: int | None = None
    levels: dict[str, tuple[str, ...]]


class Quantiles(Definition):
    """Levels made by cutting the population of a year into equal groups after an amount, within sex and age if said."""

    dimension: str
    groups: int = Field(ge=2, le=100)
    within: tuple[Literal["sex", "age_band"], ...] = ()


class AreaGroups(Definition):
    """Levels made of areas: by the parent of a kind they belong to, or ranked by an attribute, the worst-off first.

    ``groups`` fifths (say) of the population are made of the ranked areas; without it each area is a level of its own.
    """

    parent_kind: str | None = None
    attribute: str | None = None
    worst: Literal["highest", "lowest"] = "highest"
    groups: int | None = None


class Ends(Definition):
    """What the two ends of an ordered dimension are called in a sentence, with the preposition."""

    worst: Text
    best: Text


class Stratifier(Definition):
    """A social dimension: its groups, the worst-off first when they are ordered, and how source codes become groups.

    The groups come from exactly one of: ``dimension`` with dated ``crosswalks`` of its codes, ``quantiles`` of an
    amount, another stratifier of the person's parents (``parents_of``: the best-off of them), ``bands`` of age by
    their lower bounds, a ``column`` that holds the level ids, groups of ``areas``, or the combinations of the groups of
    others that it ``crosses``. ``social`` is false for a dimension (age) whose differences are not called inequality:
    it gets rows for its levels and no measures.
    """

    id: str
    title: Text
    short: Text
    ordered: bool
    ends: Ends | None = None
    social: bool = True
    levels: tuple[Level, ...] = ()
    reference: str | None = None
    dimension: str | None = None
    crosswalks: tuple[Crosswalk, ...] = ()
    quantiles: Quantiles | None = None
    parents_of: str | None = None
    column: str | None = None
    bands: dict[str, int] = {}
    areas: AreaGroups | None = None
    crosses: tuple[str, ...] = ()
    caveats: tuple[Text, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def level_ids(self) -> tuple[str, ...]:
        """Return the ids of the levels, without the unknown one."""
        return tuple(level.id for level in self.levels)


class Standardise(Definition):
    """Which cells are weighted by which standard population."""

    over: tuple[Literal["sex", "age"], ...]
    to: str


class Source(Definition):
    """Where the figures of an indicator come from, and who owns them."""

    title: Text
    owner: str
    tables: tuple[str, ...] = ()


class Example(Definition):
    """The indicator's own test: a handful of persons and records, and the cells that they must give."""

    persons: tuple[dict[str, Any], ...]
    records: tuple[dict[str, Any], ...] = ()
    by: str
    expect: tuple[dict[str, Any], ...]


class Indicator(Definition):
    """What is counted, among whom, in what unit, and in which direction it is good.

    A period's figure is complete ``follow_up`` days after the period. All whom it counts, and all their cases, the
    indicator that it is ``within`` counts too. Where ``zeros`` are sensitive, that nobody has the thing tells something
    of everybody, and is hidden as one case is.
    """

    id: str
    bullet: str | None = None
    factor: int | None = None
    title: Text
    short: Text
    kind: Kind
    basis: Basis
    item: str | None = None
    population: Parsed = ALWAYS
    numerator: Parsed = ALWAYS
    polarity: Polarity
    unit: UnitId
    stratifiers: tuple[str, ...] = ()
    standardise: Standardise | None = None
    follow_up: int = Field(default=0, ge=0)
    zeros: Literal["shown", "sensitive"] = "shown"
    within: str | None = None
    source: Source
    caveats: tuple[Text, ...] = ()
    references: tuple[str, ...] = ()
    waits_for: WaitsFor | None = None
    example: Example | None = None

    @property
    def computes(self) -> bool:
        """Return whether the indicator can be built from the person store by what exists now."""
        return self.waits_for is None and self.kind != "status" and self.basis in COMPUTED

    @property
    def by_age(self) -> bool:
        """Whether its figures rest on the ages of its persons."""
        return self.standardise is not None or self.kind == "life_expectancy"

    @property
    def of_counts(self) -> bool:
        """Whether its figures are worked out of how many persons or records there are and how many have the thing."""
        return self.kind in {"proportion", "count"} and self.basis in {"person", "event"} and not self.by_age

    @property
    def of_pathway(self) -> str | None:
        """Return the pathway whose episodes are counted."""
        return self.item if self.basis == "pathway" else None

    @property
    def over_time(self) -> bool:
        """Return whether events are held against the time at risk."""
        return self.kind in {"rate", "life_expectancy"}

    @property
    def how_often(self) -> bool:
        """Return whether it is the mean of how often something happens to a person; events are those to whom it did."""
        return self.kind == "mean" and self.basis == "person" and self.item is not None

    @property
    def from_age(self) -> int:
        """Return the age that the population must have reached, 0 where it asks for none."""
        parts = self.population.parts if isinstance(self.population, All) else (self.population,)
        asked = (p.value for p in parts if isinstance(p, Test) and (p.column, p.operator) == ("age", "at_least"))
        return next(asked, 0)


class Item(Definition):
    """Something that is asked or that happens: a survey item or an event code, with its categories."""

    id: str
    kind: Literal["survey", "event"]
    title: Text
    categories: dict[str, Text] = {}
    amount: Text | None = None


class Reason(Definition):
    """Why somebody dropped out: a loss; an exception, where the step was not reached; or one that takes all out."""

    id: str
    title: Text
    polarity: Literal["exclusion", "exception", "loss"]


class Dimension(Definition):
    """What ``position`` may hold for a person and a span of time: a category out of a code list, or an amount.

    One with ``counts`` stands in no file: it is the number of days on which something held, made of what does.
    """

    id: str
    title: Text
    categories: dict[str, Text] = {}
    amount: Text | None = None
    counts: Counted | None = None


class Counted(Definition):
    """The days of a window on which an event went on, a position held, or (``residence``) somebody lived here.

    The window runs from a day to a day, both included, counted from the person's first day of the year; without a last
    it ends with the year.
    """

    item: str
    where: Parsed = ALWAYS
    days: tuple[int, int | None]


class Area(Definition):
    """A place, and when it exists."""

    code: str
    name: Text
    kind: str
    valid_from: date
    valid_to: date | None = None
    parents: tuple[Membership, ...] = ()


class Membership(Definition):
    """That an area belongs to another, and when."""

    parent: str
    valid_from: date
    valid_to: date | None = None


class Dominance(Definition):
    """The part of a sum, in percent, that its largest contributors may have: the largest one, or the two together."""

    contributors: Literal[1, 2]
    percent: float = Field(gt=0, le=100)


class Policy(Definition):
    """What a data owner demands before a figure may leave the zone.

    ``smallest_count`` is k: groups of 1 to k−1 are hidden, and so are their complements; ``smallest_group`` is the
    fewest persons (for a survey, respondents) behind a shown share, ``smallest_units`` the fewest providers behind a
    figure of those whom they sent. A mean of amounts gives away a sum: it is hidden by ``dominance``, and where the
    second largest contributor could work the largest out to within ``largest_within`` percent. ``sums`` are held
    ``each`` for itself, or all ``together``, as a reader would who solves them; that takes seconds for a municipality,
    and hours for all of them. Of the shares named in ``public_persons`` anybody can look up how many persons each group
    has, in a population register: held together, measures of them may be shown rounded where some groups are hidden.
    In mode ``round`` nothing is hidden: small counts become 0 or the larger of ``smallest_count`` and
    ``smallest_group``, and all else is worked out of them.
    """

    id: str
    title: Text
    explanation: Text
    mode: Literal["suppress", "round", "published"]
    smallest_count: int = Field(ge=0)
    smallest_group: int = Field(ge=0)
    smallest_respondents: int = Field(ge=0)
    smallest_units: int = Field(default=0, ge=0)
    dominance: Dominance | None = None
    largest_within: float | None = Field(default=None, gt=0)
    sums: Literal["each", "together"] = "each"
    public_persons: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def base(self) -> int:
        """Return the smallest number of persons or cases that a rounded release shows, besides 0."""
        return max(self.smallest_count, self.smallest_group)

    @property
    def rules(self) -> dict[str, Any]:
        """Return the rules that hold, without what they are called and why."""
        said = {"id", "title", "explanation", "references"}
        return {name: rule for name, rule in self.model_dump(mode="json", exclude=said).items() if rule}


class PublishedTable(Definition):
    """A table of published figures in the HEAT Plus layout, and how its words become ours.

    ``dimensions`` maps each of the table's dimensions to a stratifier, or to ``areas`` when its subgroups are areas,
    or to ``total`` when its one subgroup is everybody; ``indicators`` maps its abbreviations to our ids.
    """

    file: Annotated[str, Field(pattern=r"^[^/\\]+$")]  # a name in the folder of tables, and no way out of it
    citation: str
    dimensions: dict[str, str]
    indicators: dict[str, str] = {}
    complete: tuple[str, ...] = ()


class CitedSource(Definition):
    """A source that published figures are taken from."""

    id: str
    title: Text
    url: str | None = None
    note: Text | None = None


class ReleasePlan(Definition):
    """What a release is made of: the person store, tables of published figures, or both.

    ``stratifiers`` are taken for every indicator, and ``stratifiers_of`` for some, beside those that its definition
    names. What happened is known to the end of the last year, or longer (``known_until``): a window that ends later
    still runs.
    """

    id: str
    title: Text
    summary: Text
    policy: str
    synthetic: bool = False
    years: tuple[int, int] | None = None
    known_until: date | None = None
    indicators: tuple[str, ...] = ()
    stratifiers: tuple[str, ...] = ()
    stratifiers_of: dict[str, tuple[str, ...]] = {}
    area_stratifiers: tuple[str, ...] = ()
    tables: tuple[PublishedTable, ...] = ()
    citations: tuple[CitedSource, ...] = ()
    caveats: tuple[Text, ...] = ()
    front_area: str = COUNTRY


class EvaluationColumns(Definition):
    """What the columns of an evaluation's table are called; the outcome is events of n, or a value with its weight.

    Without ``unit`` each row is a unit of its own, and counts are of persons who do not depend on each other.
    """

    group: str
    unit: str | None = None
    period: str | None = None
    treated: str | None = None
    first: str | None = None
    events: str | None = None
    n: str | None = None
    value: str | None = None
    weight: str | None = None

    @property
    def named(self) -> dict[str, str]:
        """Return the columns that the table must have, by what they are."""
        return {what: name for what, name in self if name is not None}


class ReleaseRows(Definition):
    """The rows of a release that are an evaluation's table: the groups of an indicator, by year, in some areas.

    ``treated`` are the areas that have the initiative, ``untreated`` those that they are held against, if any.
    """

    indicator: str
    treated: tuple[str, ...] = Field(min_length=1)
    untreated: tuple[str, ...] = ()


class ParticipantColumns(Definition):
    """What the columns of a table of participants are called: who takes part, and for how many it is meant."""

    group: str = "group"
    participants: str = "participants"
    target: str = "target"


class EvaluationExample(Definition):
    """The evaluation's own test: the rows of a small table, and numbers that they must give, to three decimals."""

    rows: tuple[dict[str, Any], ...]
    participants: tuple[dict[str, Any], ...] = ()
    expect: tuple[dict[str, Any], ...]


class Evaluation(Definition):
    """How the effect of an initiative is found from a table, for each social group and for the gap between them.

    The groups are those of an ordered ``stratifier``, or ``levels`` of the evaluation's own, the worst-off first. The
    gap is between its ends (difference and ratio) or along the line of all groups (slope index and relative index).
    Units begin in the period ``start``, or in a staggered design in the one that the column ``first`` says. The table
    may be a release, of which ``rows`` are taken.
    """

    id: str
    title: Text
    design: Design
    unit: UnitId
    polarity: Polarity
    stratifier: str | None = None
    levels: tuple[Level, ...] = ()
    gap: Literal["ends", "line"] = "ends"
    columns: EvaluationColumns
    rows: ReleaseRows | None = None
    participants: ParticipantColumns = ParticipantColumns()
    start: Annotated[str, BeforeValidator(str), Field(pattern=PERIOD)] | None = None
    trend: Literal["difference", "ratio"] = "difference"
    comparison: Literal["never", "not yet"] = "never"
    cycle: int | None = Field(default=None, ge=3)
    caveats: tuple[Text, ...] = ()
    references: tuple[str, ...] = ()
    example: EvaluationExample


class Standard(Definition):
    """A standard population: weights by the lower bound of each age band, for each sex or for both together."""

    id: str
    title: Text
    source: str
    ages: tuple[int, ...]
    weights: dict[Literal["both", "female", "male"], tuple[int, ...]]


class Provider(Definition):
    """Who sends or receives patients: a hospital unit, a practice, a municipal unit; and the area that it stands in.

    ``catchment`` are the municipalities whose residents mostly come there.
    """

    id: str
    title: Text
    kind: Literal["hospital", "practice", "municipal_unit", "private"]
    area: str
    catchment: tuple[str, ...] = ()


Area.model_rebuild()
