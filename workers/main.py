"""The workers' composition root: settings in, a worker with its tools at hand out."""

import time
from contextlib import ExitStack
from functools import partial

import structlog
from redis import Redis, RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from store.janitor import tidy
from store.media.sandbox import Sandbox
from store.opening import Store, open_store
from store.repeating import Repeating
from store.sweep import release_left_by, sweep
from workers.exports import make_due_exports
from workers.hot_worker import HotWorker
from workers.jobs import tag, transcribe
from workers.keeper import Keeper
from workers.letters import Letters, read_sender
from workers.settings import WorkerKind, WorkerSettings
from workers.shift import Gate, Shift
from workers.smtp import smtp_server
from workers.tagging.model_tagger import ModelTagger
from workers.transcription.hardware import choose_hardware
from workers.transcription.model_files import locate
from workers.transcription.whisper import FasterWhisperTranscriber

IDLE_SECONDS = 5
"""An idle RQ worker looks up this often."""
RQ_MARGIN_SECONDS = 15
"""RQ waits `worker_ttl` less this for a job."""
JANITOR_SECONDS = 600.0
EXPORT_SECONDS = 1.0
LETTER_SECONDS = 1.0

log = structlog.get_logger()


def run_worker(kind: WorkerKind, settings: WorkerSettings) -> None:
    """Work until told to stop."""
    with ExitStack() as stack:
        store = open_store(settings)
        stack.callback(store.close)
        shift = _begin_shift(stack, store, settings)
        if kind is WorkerKind.TRANSCRIPTION:
            sandbox = stack.enter_context(Sandbox())
            tools = transcribe.TranscribeTools(
                shift=shift,
                sandbox=sandbox,
                transcriber=load_transcriber(settings, without_translation=ModelTagger.languages),
                max_seconds=settings.max_recording_minutes * 60,
                batch_seconds=settings.batch_seconds,
            )
            transcribe.TOOLS.set(tools)
        else:
            tag.TOOLS.set(tag.TagTools(shift, ModelTagger()))
            stack.enter_context(Repeating("exports", partial(make_due_exports, store), every_seconds=EXPORT_SECONDS))
            stack.enter_context(Repeating("janitor", partial(tidy, store), every_seconds=JANITOR_SECONDS))
            if settings.smtp_url:
                letters = _letters(store, settings)
                stack.enter_context(Repeating("letters", letters.send_due, every_seconds=LETTER_SECONDS))
        release_left_by(store, settings.worker_name)
        redis = _wait_for_redis(settings)
        log.info("worker.ready", worker=settings.worker_name, name=kind)
        _rq_worker(kind, redis, settings, shift.gate).work(logging_level="WARNING")


def load_transcriber(
    settings: WorkerSettings, *, without_translation: frozenset[str] | None = None
) -> FasterWhisperTranscriber:
    """The speech model, warm. Speech in other languages than those named is translated too. Raises ModelInvalid."""
    model = locate(settings.model, folder=settings.models_folder)
    hardware = choose_hardware(settings.device, settings.compute_type, settings.threads)
    transcriber = FasterWhisperTranscriber(model, hardware, without_translation=without_translation)
    transcriber.warm_up()
    return transcriber


def _letters(store: Store, settings: WorkerSettings) -> Letters:
    url = settings.smtp_url.get_secret_value() if settings.smtp_url else ""
    return Letters(store, smtp_server(url), read_sender(settings.mail_from), settings.reset_url)


def _begin_shift(stack: ExitStack, store: Store, settings: WorkerSettings) -> Shift:
    keeper = Keeper(store, heartbeat_file=settings.heartbeat_file)
    stack.enter_context(Repeating("beat", keeper.beat, every_seconds=settings.beat_seconds))
    stack.enter_context(Repeating("renew", keeper.renew, every_seconds=settings.beat_seconds))
    stack.enter_context(Repeating("sweep", partial(sweep, store), every_seconds=settings.sweep_seconds))
    return Shift(
        store=store,
        worker=settings.worker_name,
        keeper=keeper,
        gate=Gate(),
        deadline_seconds=settings.deadline_seconds,
        deadline_per_audio_second=settings.deadline_per_audio_second,
        unknown_audio_seconds=settings.max_recording_minutes * 60,
    )


def _wait_for_redis(settings: WorkerSettings) -> Redis:
    redis = Redis.from_url(settings.resolved_redis_url)
    while True:
        try:
            redis.ping()
            return redis
        except RedisError as error:
            log.warning("worker.waits_for_redis", error=type(error).__name__)
            time.sleep(1)


def _rq_worker(kind: WorkerKind, redis: Redis, settings: WorkerSettings, gate: Gate) -> HotWorker:
    return HotWorker(
        [Queue(kind, connection=redis, serializer=JSONSerializer)],
        name=f"{settings.worker_name}-{time.time_ns()}",
        connection=redis,
        gate=gate,
        serializer=JSONSerializer,
        log_job_description=False,
        worker_ttl=IDLE_SECONDS + RQ_MARGIN_SECONDS,
    )
