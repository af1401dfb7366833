"""A form in sentences: what gave points, what it adds, who added it, that it is free, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from lighed import catalogue
from lighed.core.text import LANGUAGES
from lighed.forms.cabinet import Filled
from lighed.forms.sentences import sentences

DAY = date(2026, 11, 22)
FORM = catalogue.load().forms["alcohol_screening"]
LITTLE = {"how_often": "monthly", "how_many": "one_or_two", "many_at_once": "never"}
MUCH = {"how_often": "most_days", "how_many": "three_or_four", "many_at_once": "never"}
ONE = Filled("a", FORM, "5A", "anna", DAY, DAY + timedelta(180), DAY + timedelta(365), "filled", answers=MUCH)


def test_a_form_explains_itself() -> None:
    assert sentences(ONE, DAY, "da") == [
        (
            "Svarene giver 5 af 12 mulige point: »Hvor tit drikker du noget, der indeholder alkohol?« med svaret "
            "»4 gange om ugen eller oftere« giver 4 og »Hvor mange genstande drikker du på en dag, hvor du drikker?« "
            "med svaret »3–4« giver 1."
        ),
        "Ud over det, alle tilbydes, tilbydes en kort rådgivende samtale.",
        "Borgeren kan sige nej til hvert tilbud og trække skemaet tilbage, uden at det ændrer andet.",
        "Skemaet gælder til og med 21. maj 2027.",
        "Det slettes 22. november 2027.",
    ]
    assert sentences(ONE, DAY, "en")[1:] == [
        "On top of what everybody is offered comes a brief talk with advice.",
        "The citizen can refuse every offer and withdraw the form, and nothing else changes.",
        "The form is valid up to and including 21 May 2027.",
        "It is deleted on 22 November 2027.",
    ]


SAID = {
    "no points": (replace(ONE, answers=LITTLE | {"how_often": "never"}), "giver ingen af de 12"),
    "points that add nothing": (replace(ONE, answers=LITTLE), "tilbydes uændret"),
    "questions without an answer": (replace(ONE, answers={"how_often": "most_days"}), "Spørgsmål uden svar"),
    "what the clinician added": (
        replace(ONE, added=("alcohol_counselling",)),
        "Heraf har klinikeren tilføjet kontakt til kommunens alkoholrådgivning",
    ),
    "what points had added already": (replace(ONE, added=("brief_advice",)), "Skemaet gælder"),
    "a refusal": (replace(ONE, answers={}, state="refused"), "ønskede ikke skemaet"),
    "a withdrawal": (
        replace(ONE, answers={}, state="withdrawn", added=("brief_advice",)),
        "tilbydes en kort rådgivende",
    ),
    "expiry": (replace(ONE, valid_until=DAY - timedelta(1)), "gjaldt til og med 21. november 2026"),
}


@pytest.mark.parametrize("name", SAID)
def test_every_form_says_what_holds_of_it_and_when_it_is_deleted(name: str) -> None:
    one, expected = SAID[name]
    said = sentences(one, DAY, "da")
    assert expected in " ".join(said)
    assert said[-1] == "Det slettes 22. november 2027."
    assert ("klinikeren" in " ".join(said)) is (name == "what the clinician added")
    assert [len(sentences(one, DAY, lang)) for lang in LANGUAGES] == [len(said)] * 2
