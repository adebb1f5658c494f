"""`stembridge jobs`, `show`, `retry`, `cancel`."""

from __future__ import annotations

import argparse
import datetime
import shutil
import sys

from bridge.cli.common import job_document, local_time, opened_store, receipt_of, settings_of
from bridge.cli.job_table import job_table
from bridge.cli.output import print_json, say
from bridge.daemon.compose import state_folder
from bridge.jobs.folder import holder
from bridge.jobs.job import Job
from bridge.jobs.states import PARKED, WORKING, State
from bridge.jobs.store import JobStore
from bridge.separation import registry


def jobs(options: argparse.Namespace) -> int:
    """List the jobs that the options select, newest first."""
    settings = settings_of(options)
    with opened_store(options) as store:
        every = store.jobs()
    found = [job for job in every if _selected(job, options)]
    if options.limit >= 0:
        found = found[: options.limit]
    if options.json:
        print_json({"jobs": [job_document(job) for job in found]})
        return 0
    if found:
        say(*job_table(found, shutil.get_terminal_size().columns if sys.stdout.isatty() else None))
    elif every:
        say("No job matches.")
    else:
        say("No jobs yet. Save a bounce into the inbox, or run `stembridge separate FILE`.")
    waiting = any(job.state in WORKING or job.state is State.QUEUED for job in every)
    if waiting and holder(state_folder(settings)) is None:
        say("No bridge is running, so no job goes on. Start it: stembridge up")
    return 0


def _selected(job: Job, options: argparse.Namespace) -> bool:
    day = datetime.datetime.fromtimestamp(job.created).astimezone().date()
    return (
        (not options.state or str(job.state) in options.state)
        and (options.song is None or options.song.casefold() in job.song.casefold())
        and (options.since is None or day >= options.since)
        and (options.until is None or day <= options.until)
    )


def show(options: argparse.Namespace) -> int:
    """Show one job with its history."""
    with opened_store(options) as store:
        job = store.get(options.job)
        history = store.events(job.id)
    if options.json:
        events = [{"at": event.at, "kind": event.kind, "detail": event.detail} for event in history]
        print_json({**job_document(job), "events": events})
        return 0
    say(f"{job.song}  (job {job.id})")
    say(f"  state    {_state(job)}")
    say(f"  bounce   {job.source}")
    preset = f", preset {job.spec.preset}" if job.spec.preset else ""
    say(f"  model    {job.spec.model} by {registry.label(job.spec.engine)}{preset}")
    if job.minutes:
        say(f"  billed   {job.minutes} started minute{'s' if job.minutes != 1 else ''}")
    _print_failure(job)
    _print_delivery(job)
    say("  history")
    for event in history:
        say(f"    {local_time(event.at)}  {event.kind:<16} {event.detail}".rstrip())
    return 0


def retry(options: argparse.Namespace) -> int:
    """Queue a failed or cancelled job again."""
    with opened_store(options) as store:
        return _changed(options, store, store.retry(options.job), "is queued again")


def cancel(options: argparse.Namespace) -> int:
    """Cancel a job."""
    with opened_store(options) as store:
        job = store.cancel(options.job)
        return _changed(options, store, job, "stops" if job.state in WORKING else "is cancelled")


def _changed(options: argparse.Namespace, store: JobStore, job: Job, what: str) -> int:
    if options.json:
        print_json(job_document(store.get(job.id)))
    else:
        say(f"{job.song} (job {job.id}) {what}.")
    return 0


def _state(job: Job) -> str:
    if job.state in WORKING:
        return f"{job.state}, {job.progress:.0%}: {job.step}" if job.step else str(job.state)
    if job.failure and job.failure.retry_at:
        return f"{job.state}, tried again at {local_time(job.failure.retry_at)}"
    return str(job.state)


def _print_failure(job: Job) -> None:
    if job.failure:
        say(f"  error    {job.failure.message} [{job.failure.code}]")
        if job.failure.advice:
            say(f"           {job.failure.advice}")
        if job.failure.retryable or job.state in PARKED:
            say(f"           stembridge retry {job.id}")


def _print_delivery(job: Job) -> None:
    receipt = receipt_of(job)
    if job.folder is None:
        return
    say(f"  folder   {job.folder}")
    if receipt is None:
        say("           (its receipt is no longer there)")
        return
    for stem in receipt.stems:
        level = "silent" if stem.silent else f"{_number(stem.lufs)} LUFS, {_number(stem.peak_dbtp)} dBTP"
        say(f"           {stem.file}  {level}")
    if receipt.null_depth_db is not None:
        say(f"           sum against the mix: {receipt.null_depth_db:.0f} dB")
    for note in receipt.notes:
        say(f"           {note}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
