"""Read every definition file into one frozen ``Catalogue``, and hold them against each other.

The built-in files stand in ``catalogue/data``; a project folder may hold the same folders (``indicators``,
``stratifiers``, ``items``, ``policies``, ``areas`` …) whose files are read beside the built-in ones. A file that says
something impossible is refused with its path and the remedy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from lighed.catalogue.areas import read_areas, with_area_levels
from lighed.catalogue.catalogue import Catalogue
from lighed.catalogue.check import check, check_evaluation
from lighed.catalogue.crossed import with_crossed_levels
from lighed.catalogue.publication import Factor, FocusArea, OverviewArea, Pitfall, Recommendation
from lighed.catalogue.registers import (
    ShippedRecord,
    check_diagnostics,
    check_registers,
    check_reports,
    lists_of,
    resolved,
)
from lighed.core.diagnostic import Diagnostic
from lighed.core.errors import DefinitionError, LighedError
from lighed.core.form import Form
from lighed.core.pathway import Pathway
from lighed.core.register import CodeList, Register, Workflow
from lighed.core.report import Report
from lighed.core.types import (
    Definition,
    Dimension,
    Evaluation,
    Indicator,
    Item,
    Policy,
    Provider,
    Reason,
    ReleasePlan,
    Standard,
    Stratifier,
)
from lighed.core.use import Use
from lighed.core.validation import Validation
from lighed.core.yaml import parse

BUILT_IN = Path(str(files("lighed.catalogue").joinpath("data")))
FOLDERS = (
    "indicators", "pathways", "uses", "stratifiers", "items", "dimensions", "areas", "standards", "policies", "plans",
    "evaluations", "forms", "validations", "providers", "reasons", "registers", "workflows", "code_lists",
    "diagnostics", "reports",
)  # fmt: skip
D = TypeVar("D", bound=Definition)


def load(project: Path | None = None) -> Catalogue:
    """Read the built-in catalogue, and the project's own files beside it; read again only when one of those changes."""
    return _load(project, _stamps([project] if project else [], *FOLDERS))


def forms(folder: Path) -> dict[str, Form]:
    """Read the built-in forms and those of a folder, and nothing else."""
    return _forms(folder, _stamps([folder], "forms"))


def portfolio() -> dict[str, list[ShippedRecord]]:
    """Read the records that the program brings along, by register."""
    paths = _files([BUILT_IN], "portfolio")
    return {path.stem: [validated(ShippedRecord, tree, path) for tree in read_yaml(path)] for path in paths}


@lru_cache(maxsize=4)
def _forms(folder: Path, _: tuple[Any, ...]) -> dict[str, Form]:
    return _by_id(Form, [BUILT_IN, folder], "forms")


@lru_cache(maxsize=4)
def _load(project: Path | None, _: tuple[Any, ...]) -> Catalogue:
    roots = [BUILT_IN] + ([project] if project else [])
    areas, attributes = read_areas(roots)
    stratifiers = with_crossed_levels(with_area_levels(_by_id(Stratifier, roots, "stratifiers"), areas, attributes))
    pathways, uses, forms = (
        _by_id(Pathway, roots, "pathways"),
        _by_id(Use, roots, "uses"),
        _by_id(Form, roots, "forms"),
    )
    pathways |= _by_id(Validation, roots, "validations", taken=pathways)
    made = {i.id: i for p in pathways.values() for i in p.indicators} | {use.id: use.indicator for use in uses.values()}
    catalogue = Catalogue(
        factors={factor.id: factor for factor in _listed(Factor, "publication/factors")},
        overview=tuple(_listed(OverviewArea, "publication/overview")),
        pitfalls=tuple(_listed(Pitfall, "publication/pitfalls")),
        focus_areas=tuple(_listed(FocusArea, "publication/focus_areas")),
        recommendations=tuple(_listed(Recommendation, "publication/recommendations")),
        indicators=_by_id(Indicator, roots, "indicators") | made,
        pathways=pathways,
        uses=uses,
        stratifiers=stratifiers,
        items=_by_id(Item, roots, "items", listed=True) | {i.id: i for form in forms.values() for i in form.items},
        reasons=_by_id(Reason, roots, "reasons", listed=True),
        dimensions=_by_id(Dimension, roots, "dimensions", listed=True),
        areas=areas,
        providers=_by_id(Provider, roots, "providers", listed=True),
        attributes=attributes,
        standards=_by_id(Standard, roots, "standards"),
        policies=_by_id(Policy, roots, "policies"),
        plans=_by_id(ReleasePlan, roots, "plans"),
        evaluations=_by_id(Evaluation, roots, "evaluations"),
        forms=forms,
        registers={},
        diagnostics=_by_id(Diagnostic, roots, "diagnostics"),
        reports=_by_id(Report, roots, "reports"),
        digest=_digest(roots),
    )
    check(catalogue)
    return replace(catalogue, registers=_registers(roots, catalogue))


def _registers(roots: list[Path], catalogue: Catalogue) -> dict[str, Register]:
    defined = lists_of(
        catalogue.factors.values(),
        catalogue.focus_areas,
        catalogue.recommendations,
        catalogue.indicators.values(),
        catalogue.pathways.values(),
        catalogue.stratifiers.values(),
        catalogue.reports.values(),
        catalogue.policies.values(),
        catalogue.areas.values(),
    )
    lists = {one.id: one for one in defined}
    lists |= _by_id(CodeList, roots, "code_lists", taken=lists)
    workflows = _by_id(Workflow, roots, "workflows")
    made = _by_id(Register, roots, "registers", prepare=lambda tree, path: resolved(tree, workflows, lists, path))
    check_registers(made)
    check_diagnostics(catalogue.diagnostics, made, {one.id for one in catalogue.pitfalls})
    check_reports(catalogue.reports, made)
    return made


def evaluation(catalogue: Catalogue, name: str) -> Evaluation:
    """Return the evaluation of that id, or the one that a file of its own defines, held against the catalogue."""
    if name in catalogue.evaluations:
        return catalogue.evaluations[name]
    path = Path(name)
    if not path.is_file():
        raise LighedError("no_evaluation", evaluation=name, known=", ".join(catalogue.evaluations))
    found = validated(Evaluation, read_yaml(path), path)
    check_evaluation(catalogue, found)
    return found


def read_yaml(path: Path) -> Any:
    """Read a YAML file; a file that is no YAML is refused with the place where it stops being so."""
    return parse_yaml(path.read_bytes(), path)


def parse_yaml(text: str | bytes, path: Path) -> Any:
    """Parse YAML that stands in `path`."""
    try:
        return parse(text.decode("utf-8") if isinstance(text, bytes) else text)
    except UnicodeDecodeError:
        raise DefinitionError(path, "it is not written in UTF-8; save it so") from None
    except (yaml.YAMLError, ValueError) as error:  # a date that does not exist is no YAMLError
        raise DefinitionError(path, f"it is no readable YAML ({' '.join(str(error).split())})") from None


def validated(model: type[D], tree: Any, path: Path) -> D:
    """Make a definition of `tree`; every fault is named with its place in the file."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise DefinitionError(path, "; ".join(faults)) from None


def _files(roots: list[Path], *folders: str) -> Iterator[Path]:
    for root in roots:
        for folder in folders:
            yield from sorted(path for path in (root / folder).rglob("*") if path.suffix in {".yaml", ".csv"})


def _stamps(roots: list[Path], *folders: str) -> tuple[Any, ...]:
    return tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in _files(roots, *folders))


def _by_id(
    model: type[D],
    roots: list[Path],
    folder: str,
    *,
    listed: bool = False,
    taken: Container[str] = (),
    prepare: Callable[[Any, Path], Any] = lambda tree, _: tree,
) -> dict[str, D]:
    """Read the definitions of a folder: one a file, named after its id, or (`listed`) several in each file."""
    found: dict[str, D] = {}
    for path in _files(roots, folder):
        if path.suffix != ".yaml":
            continue
        for tree in read_yaml(path) if listed else [read_yaml(path)]:
            definition: Any = validated(model, prepare(tree, path), path)
            if definition.id in found or definition.id in taken:
                raise DefinitionError(path, f"the id '{definition.id}' is taken already; give this one its own")
            if not listed and definition.id != path.stem:
                raise DefinitionError(path, f"the id is '{definition.id}'; name the file '{definition.id}.yaml'")
            found[definition.id] = definition
    return found


def _listed(model: type[D], name: str) -> Iterator[D]:
    path = BUILT_IN / f"{name}.yaml"
    for tree in read_yaml(path):
        yield validated(model, tree, path)


def _digest(roots: list[Path]) -> str:
    digest = hashlib.sha256()
    for root in roots:
        for path in _files([root], *(FOLDERS if root != BUILT_IN else ["."])):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
