"""Running: the whole system under a supervisor, or the API alone."""

import signal

import uvicorn

from service.app import create_app
from service.settings import ServiceSettings
from store.logs import set_up_logs
from tandem.doctor import examine, report
from tandem.embedded import AlreadyRunning, api_answers, own_data_folder, programs
from tandem.reporting import console, joining_progress
from tandem.stores import bring_up_to_date
from tandem.supervisor import Supervisor
from workers.settings import WorkerSettings
from workers.transcription.model_files import locate

SHUTDOWN_SECONDS = 5
"""Open event streams are cut after this."""


def run_here(settings: ServiceSettings) -> int:
    """Run everything until Ctrl-C or SIGTERM; returns the exit status."""
    set_up_logs(log_format=settings.log_format, process="supervisor")
    try:
        with own_data_folder(settings.data_folder):
            return _run_owned(settings)
    except AlreadyRunning as other:
        console.print(
            f"Tandem already runs on {settings.data_folder.absolute()} (process {other}); it was left alone. "
            "Stop it with Ctrl-C there, or choose another folder: TANDEM_DATA_FOLDER=elsewhere TANDEM_PORT=8001."
        )
        return 1


def run_api(settings: ServiceSettings) -> None:
    """Serve the API in this process until it is told to stop."""
    set_up_logs(log_format=settings.log_format, process="api")
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        # Said, so that every installation runs the same server, whatever else is installed beside it.
        loop="asyncio",
        http="h11",
    )


def _run_owned(settings: ServiceSettings) -> int:
    workers = WorkerSettings()
    with joining_progress() as on_progress:
        locate(workers.model, folder=workers.models_folder, on_progress=on_progress)
    if api_answers(settings):
        console.print(f"Another Tandem listens on {settings.host}:{settings.port}. Choose another: TANDEM_PORT=8001.")
        return 1
    ill = [finding for finding in examine(settings, workers) if not finding.well]
    if ill:
        for finding in ill:
            report(finding)
        return 1
    bring_up_to_date(settings)
    supervisor = Supervisor(programs(settings))
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: supervisor.stop())
    where = f"http://{settings.host}:{settings.port}"
    supervisor.run(on_ready=lambda: console.print(f"Tandem listens on {where} (documentation: {where}/docs)"))
    return 0
