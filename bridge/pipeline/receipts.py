"""The receipt of a job, from what its steps found out."""

from __future__ import annotations

import datetime

from bridge.audio.mix import Canonical
from bridge.delivery.receipt import Model, Normalise, Receipt, Source, Stem, Weights
from bridge.jobs.job import Job
from bridge.pipeline.tasks import Rendered
from bridge.separation import catalogue, registry
from bridge.separation.weights.catalogue import by_sha256


def make_receipt(job: Job, take: int, mix: Canonical, rendered: Rendered, now: float) -> Receipt:
    """Return the receipt of a rendered job; `now` is in seconds since the epoch."""
    report = rendered.report
    wanted = catalogue.model(job.spec.model)
    return Receipt(
        job=job.id,
        song=job.song,
        take=take,
        created=datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        source=Source(
            file=job.source.name,
            sha256=job.sha256,
            sample_rate=mix.sample_rate,
            frames=mix.frames,
            channels=mix.channels,
            time_reference=rendered.time_reference,
            tempo=rendered.tempo,
        ),
        engine=job.spec.engine,
        engine_label=registry.label(job.spec.engine),
        model=Model(wanted.id, wanted.name),
        normalise=Normalise(job.spec.mode, report.gain_db),
        null_depth_db=report.null_depth_db,
        billed_minutes=job.minutes,
        stems=tuple(
            Stem(
                name=stem.name,
                file=stem.file,
                sample_rate=stem.sample_rate,
                frames=stem.frames,
                channels=stem.channels,
                format=stem.format,
                gain_db=stem.gain_db,
                peak_dbtp=stem.peak_dbtp,
                lufs=stem.lufs,
                silent=stem.silent,
                listening_copy=stem.listening_copy,
            )
            for stem in report.stems
        ),
        weights=_weights(job.spec.engine, wanted),
        preset=job.spec.preset,
        notes=(*mix.repairs, *report.notes),
    )


def _weights(engine: str, model: catalogue.Model) -> tuple[Weights, ...]:
    used = registry.engine(engine)
    files = [by_sha256(sha256) for sha256 in used.weights(used.pass_of(model))]
    return tuple(Weights(file.name, file.sha256, file.licence) for file in files if file)
