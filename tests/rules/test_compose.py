"""The container files say only what is true of the code: no engine is needed to see that."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
import yaml
from sqlalchemy import make_url

from service import health
from service.settings import ServiceSettings
from store.settings import StoreSettings
from tandem.__main__ import app
from tests.rules.source import ROOT
from workers.settings import WorkerKind, WorkerSettings

Service = dict[str, Any]

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
BASE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
GPU: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.gpu.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Service] = BASE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "tandem"}
SETTINGS: dict[str, type[StoreSettings]] = {"migrate": StoreSettings, "api": ServiceSettings, "worker": WorkerSettings}
"""What each command reads."""

COMMANDS: dict[str, Any] = vars(typer.main.get_command(app))["commands"]
STAGES = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, flags=re.MULTILINE)


def _parsed(command: list[str]) -> dict[str, Any]:
    """The arguments of a command line of ours. Raises what the command line itself would."""
    name, *arguments = command
    parameters: dict[str, Any] = COMMANDS[name].make_context(name, arguments).params
    return parameters


def _plain(value: object) -> str:
    """A value with every `${VARIABLE:?…}` filled in."""
    return re.sub(r"\$\{\w+:?[?-][^}]*\}", "filled", str(value))


def _settings(service: Service, extra: dict[str, Any]) -> StoreSettings:
    """The service's settings as its process would read them. Raises where a value does not fit."""
    environment = service["environment"] | extra
    values: dict[str, Any] = {
        name.removeprefix("TANDEM_").lower(): _plain(value) for name, value in environment.items()
    }
    kind = SETTINGS[service["command"][0]]
    assert set(values) <= set(kind.model_fields)
    return kind(**values)


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_runs_a_command_that_exists(name: str) -> None:
    """With arguments that fit, kinds of workers included."""
    command = OURS[name]["command"]

    parameters = _parsed(command)

    if command[0] == "worker":
        assert name == f"{WorkerKind(parameters['kind'])}-worker"


def test_every_kind_of_worker_runs() -> None:
    """A queue that nobody works would fill up."""
    kinds = {service["command"][1] for service in OURS.values() if service["command"][0] == "worker"}

    assert kinds == set(WorkerKind)


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_has_settings_that_its_process_reads(name: str) -> None:
    """Known to the command it runs, with values that fit; nothing else is set."""
    _settings(OURS[name], GPU["services"].get(name, {}).get("environment", {}))


def test_the_image_has_settings_that_exist() -> None:
    """Whatever TANDEM_ variable a container file names is one that the code reads."""
    known = {
        f"TANDEM_{name.upper()}"
        for kind in (StoreSettings, ServiceSettings, WorkerSettings)
        for name in kind.model_fields
    }
    for file in ("Dockerfile", "docker-compose.yml", "docker-compose.gpu.yml"):
        assert set(re.findall(r"\bTANDEM_\w+", (ROOT / file).read_text(encoding="utf-8"))) <= known, file


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_watched_over(name: str) -> None:
    """It has a restart policy and time to stop; and a health check, but for the one that ends by itself."""
    service = SERVICES[name]

    assert service["restart"] in {"unless-stopped", "no"}
    assert (service["restart"] == "no") == (name == "migrate")
    if name != "migrate":
        assert service["healthcheck"]["test"]
        assert service["stop_grace_period"]


def test_the_health_check_of_a_worker_looks_at_its_heartbeat() -> None:
    """At the very file that the worker was told to touch, and not before it can be late."""
    for service in OURS.values():
        if service["command"][0] == "worker":
            settings = _settings(service, {})
            _, program, *command = service["healthcheck"]["test"]
            parameters = _parsed(command)

            assert program == "tandem"
            assert isinstance(settings, WorkerSettings)
            assert parameters["heartbeat_file"] == settings.heartbeat_file
            assert parameters["within"] > settings.beat_seconds * 2


def test_the_health_check_of_the_api_asks_a_path_that_exists() -> None:
    """In Python that parses, on the port that it listens on and that is published."""
    api = OURS["api"]
    settings = _settings(api, {})
    _, program, option, code = api["healthcheck"]["test"]
    constants = {node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)}

    assert (program, option) == ("python", "-c")
    assert isinstance(settings, ServiceSettings)
    assert settings.port in constants
    assert str(api["ports"][0]).endswith(f":{settings.port}")
    assert f"EXPOSE {settings.port}\n" in DOCKERFILE
    assert constants & {vars(route).get("path") for route in health.router.routes}


def test_api_and_workers_share_the_recordings() -> None:
    """One volume, mounted where all of them look."""
    folders = {str(_settings(service, {}).data_folder) for service in OURS.values()}
    mounts = {volume for service in OURS.values() for volume in service["volumes"]}

    assert len(folders) == 1
    assert mounts == {f"data:{folders.pop()}"}


def test_urls_lead_to_services() -> None:
    """The database and the queue are those of this file."""
    for service in OURS.values():
        settings = _settings(service, {})
        database = make_url(settings.database_url)

        assert database.host == "postgres"
        assert database.database == SERVICES["postgres"]["environment"]["POSTGRES_DB"]
        assert database.username == SERVICES["postgres"]["environment"]["POSTGRES_USER"]
        assert urlsplit(settings.redis_url).hostname == "valkey"
    assert {"postgres", "valkey"} <= set(SERVICES)


def test_a_password_is_asked_for_and_never_written_down() -> None:
    """Where it is missing nothing starts, and the message says so."""
    for service in (SERVICES["postgres"], *OURS.values()):
        for name, value in service["environment"].items():
            if "PASSWORD" in name or "DATABASE_URL" in name:
                assert re.search(r"\$\{POSTGRES_PASSWORD:\?[^}]+\}", value), name


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_what_it_needs(name: str) -> None:
    """For services that exist, under conditions that they can meet."""
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        ends = SERVICES[other]["restart"] == "no"
        assert (wait["condition"] == "service_completed_successfully") == ends
        assert wait["condition"] != "service_healthy" or "healthcheck" in SERVICES[other]


def test_only_the_api_is_reachable_from_outside() -> None:
    """And by default from this machine alone, as it speaks plain HTTP."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert list(published) == ["api"]
    assert published["api"][0].startswith("${API_ADDRESS:-127.0.0.1}:")


def test_volumes_are_declared_and_mounted_files_are_there() -> None:
    """A name without a declaration, or a file without a source, fails only when it is started."""
    for compose in (BASE, GPU):
        for name, service in compose["services"].items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                declared = (ROOT / source).exists() if source.startswith((".", "/")) else source in compose["volumes"]
                assert declared, name


def test_the_override_changes_services_that_exist() -> None:
    """A misspelt name would start one more service, without a GPU."""
    assert set(GPU["services"]) <= set(SERVICES)
    assert "transcription-worker" in GPU["services"]


def test_images_are_built_from_stages_that_exist() -> None:
    """Each target is a stage, and two targets are two images."""
    built = [service for compose in (BASE, GPU) for service in compose["services"].values() if "build" in service]
    images = {service["image"]: service["build"]["target"] for service in built}

    assert len(set(images.values())) == len(images)
    assert set(images.values()) <= {name for _, name in STAGES}
    assert {service["build"].get("context", ".") for service in built} == {"."}


def test_images_have_a_version_and_no_host() -> None:
    """They come from wherever the engine gets its images, and not from what is newest today."""
    stages = {name for _, name in STAGES}
    pulled = [image for image, _ in STAGES if image not in stages]
    pulled += [service["image"] for service in SERVICES.values() if "build" not in service]
    for image in pulled:
        name, _, tag = image.partition(":")
        assert re.match(r"\d", tag), image
        assert "." not in name.split("/")[0], image


def test_the_image_is_built_from_files_that_are_there() -> None:
    """None of them left out by .dockerignore, and all packages among them."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {
        source
        for line in re.findall(r"^COPY (?!<<)(.+)$", DOCKERFILE, flags=re.MULTILINE)
        for source in line.split()[:-1]
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert "*" in ignored
    assert copied == kept
    assert all((ROOT / source).exists() for source in copied)
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= copied
    assert {project["project"]["readme"], *project["project"]["license-files"]} <= copied


def test_every_package_of_the_image_is_locked() -> None:
    """Nothing is installed whose hash is not written down, but for ourselves."""
    installs = re.findall(r"pip install ([^&\n]+)", DOCKERFILE)

    assert [install.strip() for install in installs if "--require-hashes" not in install] == [
        "--no-deps --no-build-isolation ."
    ]
    locked = re.search(r"^COPY <<(\w+) \S+\n(.*?)\n\1$", DOCKERFILE, flags=re.MULTILINE | re.DOTALL)
    assert locked
    assert all(re.fullmatch(r"\S+==\S+ --hash=sha256:[0-9a-f]{64}", line) for line in locked[2].splitlines())


def test_the_image_has_a_model_that_containers_cannot_alter() -> None:
    """It is joined as root, into the folder where the worker looks, outside of every volume."""
    environment = dict(re.findall(r"\b(\w+)=(\S+)", DOCKERFILE))
    models_folder = Path(environment["TANDEM_MODELS_FOLDER"])
    root_part, _, _ = DOCKERFILE.partition("\nUSER tandem\n")

    assert "tandem model\n" in root_part
    assert not models_folder.is_relative_to(environment["TANDEM_DATA_FOLDER"])
    assert environment["TANDEM_DATA_FOLDER"] == str(_settings(OURS["api"], {}).data_folder)
    assert all("TANDEM_MODELS_FOLDER" not in service["environment"] for service in OURS.values())


def test_containers_do_not_run_as_root() -> None:
    """Every stage of the image ends as its own user."""
    for stage in re.split(r"^FROM .+$", DOCKERFILE, flags=re.MULTILINE)[1:]:
        users = re.findall(r"^USER (\S+)$", stage, flags=re.MULTILINE)
        assert users[-1:] in (["tandem"], [])
    assert STAGES[0][1] == "house"
    assert {image for image, name in STAGES if name != "house"} == {"house"}


def test_a_container_runs_tandem() -> None:
    """So that a command of the compose file is a command of ours; and its lines come as they are written."""
    assert 'ENTRYPOINT ["tandem"]' in DOCKERFILE
    assert "PYTHONUNBUFFERED=1" in DOCKERFILE
    assert all("entrypoint" not in service for service in OURS.values())
