"""`stembridge jobs`, `show`, `retry`, `cancel`."""

from __future__ import annotations

import argparse

from bridge.cli.common import job_document, local_time, opened_store, print_json, receipt_of
from bridge.jobs.job import Job
from bridge.jobs.states import PARKED, WORKING, State
from bridge.jobs.store import JobStore
from bridge.separation import registry


def jobs(options: argparse.Namespace) -> int:
    """List the jobs."""
    with opened_store(options) as store:
        found = store.jobs(options.limit)
    if options.json:
        print_json({"jobs": [job_document(job) for job in found]})
    elif not found:
        print("No jobs yet. Save a bounce into the inbox, or run `stembridge separate FILE`.")
    else:
        _print_table(found)
    return 0


def show(options: argparse.Namespace) -> int:
    """Show one job with its history."""
    with opened_store(options) as store:
        job = store.get(options.job)
        history = store.events(job.id)
    if options.json:
        events = [{"at": event.at, "kind": event.kind, "detail": event.detail} for event in history]
        print_json({**job_document(job), "events": events})
        return 0
    print(f"{job.song}  (job {job.id})")
    print(f"  state    {_state(job)}")
    print(f"  bounce   {job.source}")
    preset = f", preset {job.spec.preset}" if job.spec.preset else ""
    print(f"  model    {job.spec.model} by {registry.label(job.spec.engine)}{preset}")
    if job.minutes:
        print(f"  billed   {job.minutes} started minute{'s' if job.minutes != 1 else ''}")
    _print_failure(job)
    _print_delivery(job)
    print("  history")
    for event in history:
        print(f"    {local_time(event.at)}  {event.kind:<16} {event.detail}".rstrip())
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
        print(f"{job.song} (job {job.id}) {what}.")
    return 0


def _state(job: Job) -> str:
    if job.state in WORKING:
        return f"{job.state}, {job.progress:.0%}: {job.step}" if job.step else str(job.state)
    if job.failure and job.failure.retry_at:
        return f"{job.state}, tried again at {local_time(job.failure.retry_at)}"
    return str(job.state)


def _print_table(found: list[Job]) -> None:
    width = max(len(job.song) for job in found)
    for job in found:
        if job.failure:
            tail = job.failure.message
        elif job.state is State.DELIVERED:
            tail = str(job.folder)
        else:
            tail = job.step
        state = f"{job.state} {job.progress:.0%}" if job.state in WORKING else str(job.state)
        bill = f"{job.minutes} min" if job.minutes else ""
        print(f"{job.id}  {local_time(job.created)}  {job.song:<{width}}  {state:<16}  {bill:>6}  {tail}".rstrip())


def _print_failure(job: Job) -> None:
    if job.failure:
        print(f"  error    {job.failure.message} [{job.failure.code}]")
        if job.failure.advice:
            print(f"           {job.failure.advice}")
        if job.failure.retryable or job.state in PARKED:
            print(f"           stembridge retry {job.id}")


def _print_delivery(job: Job) -> None:
    receipt = receipt_of(job)
    if job.folder is None:
        return
    print(f"  folder   {job.folder}")
    if receipt is None:
        print("           (its receipt is no longer there)")
        return
    for stem in receipt.stems:
        level = "silent" if stem.silent else f"{_number(stem.lufs)} LUFS, {_number(stem.peak_dbtp)} dBTP"
        print(f"           {stem.file}  {level}")
    if receipt.null_depth_db is not None:
        print(f"           sum against the mix: {receipt.null_depth_db:.0f} dB")
    for note in receipt.notes:
        print(f"           {note}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
