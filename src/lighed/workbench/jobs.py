"""Work that takes longer than a page: one thing at a time, in the background, watched on a page of its own."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from lighed.core.errors import LighedError

State = Literal["waiting", "running", "done", "failed"]
KEPT = 100


@dataclass
class Job:
    """A piece of work: what it is, whose, how far, and what came of it."""

    kind: str
    thing: str
    user: str
    state: State = "waiting"
    result: Any = None
    error: LighedError | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(8))


class Jobs:
    """The jobs of this process, in the order in which they were asked for."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1, "job")
        self.known: dict[str, Job] = {}

    def start(self, kind: str, thing: str, user: str, work: Callable[[], Any]) -> Job:
        """Put work in line."""
        job = Job(kind, thing, user)
        self.known[job.id] = job
        for old in list(self.known)[:-KEPT]:
            del self.known[old]
        self.pool.submit(self._run, job, work)
        return job

    @staticmethod
    def _run(job: Job, work: Callable[[], Any]) -> None:
        job.state = "running"
        try:
            job.result, job.state = work(), "done"
        except LighedError as error:
            job.error, job.state = error, "failed"
        except Exception as error:  # noqa: BLE001 - what went wrong is logged by kind alone: its text may hold a value
            logging.getLogger(__name__).error("job %s failed: %s", job.kind, type(error).__name__)
            job.error, job.state = LighedError("unexpected", kind=type(error).__name__), "failed"

    def get(self, name: str, user: str) -> Job | None:
        """Return a job of this user as it is now: a page that is written while it ends does not tell of two states."""
        job = self.known.get(name)
        return replace(job) if job and job.user == user else None  # the state is read before what was set before it
