"""A filled-in form in sentences: what gave points, what it adds, that it can be refused, and until when."""

from __future__ import annotations

from datetime import date

from lighed.core.text import Lang, day, join, say
from lighed.forms.cabinet import Filled


def sentences(one: Filled, on: date, lang: Lang) -> list[str]:
    """Return what a form says on a day, one sentence after another."""
    state = one.state_on(on)
    if state == "refused":
        return [say("forms.says.refused", lang), _deleted(one, lang)]
    if state == "withdrawn":
        return [say("forms.says.withdrawn", lang), _offered(one, lang), _deleted(one, lang)]
    said = [_points(one, lang), _offered(one, lang), *_beyond(one, lang), say("forms.says.free", lang)]
    return [*said, say(f"forms.says.{state}", lang, until=day(one.valid_until, lang)), _deleted(one, lang)]


def _points(one: Filled, lang: Lang) -> str:
    found = one.result
    because = [
        say("forms.says.answer", lang, question=question.title[lang], answer=option.title[lang], points=option.points)
        for question, option in found.because
    ]
    if not because:
        return say("forms.says.no_points", lang, most=one.form.most)
    key = "points" if found.complete else "points_so_far"
    return say(f"forms.says.{key}", lang, points=found.points, most=one.form.most, because=join(because, lang))


def _offered(one: Filled, lang: Lang) -> str:
    offers = [offer.title[lang] for offer in one.offers]
    return say("forms.says.adds", lang, offers=join(offers, lang)) if offers else say("forms.says.adds_nothing", lang)


def _beyond(one: Filled, lang: Lang) -> list[str]:
    given = {offer.id for offer in one.result.offers}
    beyond = [offer.title[lang] for offer in one.offers if offer.id not in given]
    return [say("forms.says.beyond", lang, offers=join(beyond, lang))] if beyond else []


def _deleted(one: Filled, lang: Lang) -> str:
    return say("forms.says.deleted", lang, on=day(one.delete_on, lang))
