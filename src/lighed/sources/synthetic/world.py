"""The world of the synthetic persons: what it is made to resemble, its years, places and groups."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lighed.catalogue import load
from lighed.catalogue.load import BUILT_IN, read_yaml
from lighed.store.schema import tables

Array = npt.NDArray[Any]
Rng = np.random.Generator

BLOCK = 50_000
DAY0 = np.datetime64("2016-01-01")
LONG_AGO = -9000.0  # the day that spells begin on when they began before anything is counted
PROFILE = {"10": 0, "15": 0, "20": 1, "30": 1, "35": 1, "40": 2, "50": 3, "60": 3, "70": 4, "80": 4}
DISEASES = ("type_2_diabetes", "copd", "ischaemic_heart_disease", "depression", "schizophrenia")
# Parts drawn after the rest, each from numbers of its own: what is added moves nothing before.
LATER = ("along", "use", "forms", "courses", "outcomes")
GROUPS = {
    "education_profile": ("basic", "short", "short_higher", "medium_higher", "long_higher"),
    "status": ("child", "student", "employed", "unemployed", "sick", "outside", "disability", "retired"),
    "income": ("q1", "q2", "q3", "q4", "q5"),
    "origin": ("danish", "western", "non_western"),
    "cohabitation": ("alone", "cohabiting"),
    "tenure": ("social", "private_rent", "cooperative", "owner"),
    "sex": ("female", "male"),
    "parents": ("short", "medium", "long"),
    "sector": ("municipal", "other"),
    "marginalisation": ("yes", "no"),
    "conditions": ("none", "one", "several"),
    **dict.fromkeys(DISEASES, ("yes", "no")),
}
STATUS_CODE = ("420", "310", "13", "210", "220", "330", "321", "322")  # SOCIO13; employees by education below
STATUS_BENEFIT = (
    "none",
    "education_grant",
    "none",
    "unemployment",
    "sickness",
    "cash",
    "disability_pension",
    "old_age_pension",
)


@cache
def parameters() -> dict[str, Any]:
    """Return what the population is made to resemble."""
    return dict(read_yaml(BUILT_IN / "synthetic" / "denmark.yaml"))


def years() -> range:
    """Return the years that the population lives in."""
    return range(parameters()["first_year"], parameters()["last_year"] + 1)


def day_of(year: int) -> float:
    """Days from DAY0 to 1 January of a year."""
    return float((np.datetime64(f"{year}-01-01") - DAY0).astype(int))


def date(days: Array) -> pa.Array:
    """Days from DAY0 as dates; infinite is null."""
    finite = np.isfinite(days)
    offset = DAY0.astype("datetime64[D]").astype(int)
    return pa.array(np.where(finite, days, 0).astype(np.int32) + np.int32(offset), pa.int32(), mask=~finite).cast(
        pa.date32()
    )


def rows(name: str, **columns: Any) -> pa.Table:
    """Make rows of a table of the store; a column that is not given is null."""
    schema, length = tables()[name].schema, len(next(iter(columns.values())))

    def column(field: pa.Field) -> pa.Array:
        given = columns.get(field.name)
        if given is None:
            return pa.nulls(length, field.type)
        return given.cast(field.type) if isinstance(given, pa.Array) else pa.array(given, field.type)

    return pa.table([column(field) for field in schema], schema=schema)


@cache
def municipalities() -> tuple[tuple[str, ...], Array, Array]:
    """Codes, shares of the population, and poverty as deviations from the mean."""
    attributes = load().attributes
    codes = tuple(attributes["population"])
    population = np.array([attributes["population"][code] for code in codes])
    poverty = np.array([attributes["relative_poverty"][code] for code in codes])
    share = population / population.sum()
    return codes, share, (poverty - (share * poverty).sum()) / poverty.std()


def profile(education: Array) -> Array:
    """Return the position in the health profile's five groups of each education (a position in PROFILE, -1 unknown)."""
    return np.array([*PROFILE.values(), 5])[education]
