"""Forms that a professional fills in together with one citizen: published points, and what they add to the offers.

A form can only add. Its points are whole numbers from nought up, written in the file and never learned from data; a
band says from how many points which offers come on top of those below it; and there is no field in which anything
could be taken away. What a form may be about, and where it may be used, are closed lists: schools, job centres,
children's cases, benefits and control have no word in them, nor have origin, faith and opinion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from lighed.core.errors import FormError
from lighed.core.text import Text
from lighed.core.types import Definition, Item

Place = Literal["discharge", "hospital_clinic", "general_practice", "preventive_home_visit", "municipal_prevention"]
Topic = Literal[
    "education", "network", "language", "transport", "medicine", "understanding", "alcohol", "tobacco", "food",
    "tiredness", "mobility", "falls", "memory", "mood", "loneliness", "everyday_life",
]  # fmt: skip
Id = r"^[a-z][a-z0-9_]*$"
NO_BAND = "none"
STEPS = ("offered", "accepted", "started", "completed")
TITLES: dict[str, Text] = {
    "scored": Text(da="udfyldt", en="filled in"),
    "refused": Text(da="borgeren ønskede det ikke", en="the citizen did not wish it"),
    "offered": Text(da="tilbud givet", en="offer made"),
    "accepted": Text(da="tilbud modtaget", en="offer accepted"),
    "started": Text(da="tilbud påbegyndt", en="offer started"),
    "completed": Text(da="tilbud gennemført", en="offer completed"),
}


class Option(Definition):
    """An answer that can be chosen, and the points that it gives."""

    id: str = Field(pattern=Id)
    title: Text
    points: int = Field(default=0, ge=0)


class Question(Definition):
    """A question and its answers; one of them is chosen, or none."""

    id: str = Field(pattern=Id)
    about: Topic
    title: Text
    hint: Text | None = None
    options: tuple[Option, ...] = Field(min_length=2)

    def option(self, name: str) -> Option:
        """Return the answer of that id."""
        found = next((option for option in self.options if option.id == name), None)
        if found is None:
            raise FormError("no_option", question=self.id)
        return found


class Offer(Definition):
    """Support that can be offered beside what everybody is offered."""

    id: str = Field(pattern=Id)
    title: Text


class Band(Definition):
    """The offers that come on top from so many points on, beside those of every lower band."""

    id: str = Field(pattern=Id)
    title: Text
    from_points: int = Field(gt=0)
    adds: tuple[str, ...] = Field(min_length=1)


class FilledExample(Definition):
    """The form's own test: answers, and the points, the answers that gave them, and the offers that must come."""

    answers: dict[str, str]
    points: int
    because: dict[str, int]
    offers: tuple[str, ...]


class Form(Definition):
    """What is asked, what each answer counts, and which offers are added from how many points.

    Both are days from the day it is filled in: after ``valid_days`` nobody acts on it any more, and after ``keep_days``
    it is deleted. ``refusal`` tells the citizen that it can be refused, in whole or in part, and what follows: nothing.
    """

    id: str = Field(pattern=Id)
    title: Text
    place: Place
    purpose: Text
    refusal: Text
    questions: tuple[Question, ...] = Field(min_length=1)
    offers: tuple[Offer, ...] = Field(min_length=1)
    bands: tuple[Band, ...] = Field(min_length=1)
    valid_days: int = Field(gt=0, le=366)
    keep_days: int = Field(gt=0, le=1827)
    caveats: tuple[Text, ...] = Field(min_length=1)
    references: tuple[str, ...] = ()
    example: tuple[FilledExample, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        offers = [offer.id for offer in self.offers]
        yield from _repeated("question", [question.id for question in self.questions])
        yield from _repeated("offer", offers)
        for question in self.questions:
            yield from _repeated(f"answer to {question.id}", [option.id for option in question.options])
        yield from self._problems_of_bands(offers)
        if self.keep_days < self.valid_days:
            yield f"keep_days is {self.keep_days} and valid_days {self.valid_days}; keep it as long as it is valid"

    def _problems_of_bands(self, offers: list[str]) -> Iterator[str]:
        yield from _repeated("band", [NO_BAND, *(band.id for band in self.bands)])
        starts = [band.from_points for band in self.bands]
        if starts != sorted(set(starts)):
            yield f"write the bands with the fewest points first; they begin at {', '.join(map(str, starts))}"
        if starts[-1] > self.most:
            yield f"a band begins at {starts[-1]} points, and the answers give {self.most} at most"
        for name in (name for band in self.bands for name in band.adds if name not in offers):
            yield f"the offer '{name}' is not known; known are {', '.join(offers)}"

    @property
    def most(self) -> int:
        """Return the most points that can be given."""
        return sum(max(option.points for option in question.options) for question in self.questions)

    def question(self, name: str) -> Question:
        """Return the question of that id."""
        found = next((question for question in self.questions if question.id == name), None)
        if found is None:
            raise FormError("no_question", question=name)
        return found

    def offered_from(self, points: int) -> tuple[Offer, ...]:
        """Return the offers that so many points add: more points never add fewer.

        Examples
        --------
        >>> from lighed import catalogue
        >>> form = catalogue.load().forms["alcohol_screening"]
        >>> [[offer.id for offer in form.offered_from(points)] for points in (2, 3, 8)]
        [[], ['brief_advice'], ['brief_advice', 'alcohol_counselling']]
        """
        added = {name for band in self.bands if band.from_points <= points for name in band.adds}
        return tuple(offer for offer in self.offers if offer.id in added)

    def result(self, answers: Mapping[str, str]) -> Result:
        """Return what answers (question to option) come to; a question that was not answered gives no points."""
        chosen = {self.question(name).id: self.question(name).option(option) for name, option in answers.items()}
        given = tuple((question, chosen[question.id]) for question in self.questions if question.id in chosen)
        points = sum(option.points for _, option in given)
        band = next((band for band in reversed(self.bands) if band.from_points <= points), None)
        return Result(points, given, len(given) == len(self.questions), band, self.offered_from(points))

    @property
    def items(self) -> Iterator[Item]:
        """Return the events that forms become in the statistics: points and band, refusals, steps of offers."""
        bands = {NO_BAND: Text(da="ingen ekstra tilbud", en="no added offers")}
        bands |= {band.id: band.title for band in self.bands}
        offers = {offer.id: offer.title for offer in self.offers}
        for name, title in TITLES.items():
            yield Item(
                id=f"{self.id}_{name}",
                kind="event",
                title=Text(da=f"{self.title.da}: {title.da}", en=f"{self.title.en}: {title.en}"),
                categories=bands if name == "scored" else offers if name in STEPS else {},
                amount=Text(da="point", en="points") if name == "scored" else None,
            )


@dataclass(frozen=True, slots=True)
class Result:
    """The points of a filled-in form, the answers that were given, the band they reach, and the offers they add."""

    points: int
    given: tuple[tuple[Question, Option], ...]
    complete: bool
    band: Band | None
    offers: tuple[Offer, ...]

    @property
    def because(self) -> tuple[tuple[Question, Option], ...]:
        """Return the answers that gave points."""
        return tuple((question, option) for question, option in self.given if option.points)


def _repeated(what: str, ids: list[str]) -> Iterator[str]:
    if len(set(ids)) < len(ids):
        yield f"each {what} needs an id of its own; these are {', '.join(ids)}"


def mistakes_of_form(form: Form) -> Iterator[str]:
    """Say where the form's examples differ from what they expect; nothing when they agree."""
    if not form.example:
        yield f"{form.id}: has no worked example; add filled-in forms under 'example'"
    for number, one in enumerate(form.example, 1):
        try:
            found = form.result(one.answers)
        except FormError as error:
            yield f"{form.id}: example {number}: {error.sentence('en')}"
            continue
        because = {question.id: option.points for question, option in found.because}
        offers = tuple(offer.id for offer in found.offers)
        got = {"points": found.points, "because": because, "offers": offers}
        for key, value in got.items():
            if value != getattr(one, key):
                yield f"{form.id}: example {number}: {key} is {value}, and the example says {getattr(one, key)}"
