"""Settings from the environment, all beginning with ``LIGHED_``; each has a value that works without."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict

from lighed.core.text import DEFAULT_LANG, Lang


class Settings(BaseSettings):
    """What may be set for a whole machine.

    Examples
    --------
    >>> Settings(lang="en").lang
    'en'
    """

    model_config = SettingsConfigDict(env_prefix="LIGHED_", hide_input_in_errors=True)

    lang: Lang = DEFAULT_LANG
    host: str = "127.0.0.1"
    workers: int = 2
    upload_megabytes: int = 2048
    portfolio: str = ""  # the URL of a PostgreSQL database for the registers; without it SQLite in their folder
