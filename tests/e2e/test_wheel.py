"""The wheel alone is enough: built, installed into an empty environment, run outside the checkout."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.agent.cli_agent import wait_for, wait_ready, write_config

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("agent", "collectors", "sla")
NOT_SHIPPED = {".po", ".pyc"}
"""Sources of what ships, and what Python makes."""

SECONDS = 120


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, so that neither a stale build folder nor another test is in the way."""
    copy, out = tmp_path_factory.mktemp("source") / "copy", tmp_path_factory.mktemp("dist")
    wanted = {"pyproject.toml", "README.md", "LICENSE", "config", "dashboards", *PACKAGES}
    ignored = shutil.ignore_patterns("__pycache__")
    copy.mkdir()
    for name in sorted(wanted):
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, symlinks=True, ignore=ignored)
        elif source.exists():
            shutil.copy(source, copy / name)
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, copy], out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """An environment with the wheel; its dependencies are this environment's, without what is installed editable."""
    folder = tmp_path_factory.mktemp("installed")
    run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], folder)
    python = folder / "venv" / "bin" / "python"
    run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel],
        folder,
    )
    where = run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).strip()
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    # a folder named in a .pth is searched, but its own .pth files, by which the checkout is found, are not read
    (Path(where) / "dependencies.pth").write_text("\n".join(sorted(libraries)) + "\n", encoding="utf-8")
    return folder / "venv"


def run(command: list[object], folder: Path) -> str:
    """Run outside the checkout; what it printed. Fails with all of it."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=clean(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def clean() -> dict[str, str]:
    """The environment without anything that leads to the checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


def test_every_file_that_the_packages_hold_travels_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}
    held = set()
    for package in PACKAGES:
        for folder, _, files in os.walk(CHECKOUT / package, followlinks=True):
            held |= {str((Path(folder) / file).relative_to(CHECKOUT)) for file in files}
    assert shipped == {name for name in held if Path(name).suffix not in NOT_SHIPPED}


@pytest.mark.parametrize(
    "name",
    [
        "config/quickstart/agent.yml", "config/quickstart/host.yml", "config/quickstart/lab/targets.csv",
        "config/lab/ankang.yml", "config/lab/story.yml", "config/systemd/sla-agent.service",
    ],
)  # fmt: skip
def test_the_quick_starts_the_lab_and_the_unit_travel(wheel, name):
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(f"agent/data/{name}") == (CHECKOUT / name).read_bytes()


def test_nothing_is_imported_from_the_checkout(installed, tmp_path):
    script = "import agent, collectors, sla, json; print(json.dumps([m.__file__ for m in (agent, collectors, sla)]))"
    for file in json.loads(run([installed / "bin" / "python", "-c", script], tmp_path)):
        assert Path(file).is_relative_to(installed)


def test_the_installed_command_checks_runs_serves_and_stops(installed, tmp_path):
    command = installed / "bin" / "sla-agent"
    config = write_config(tmp_path, "  - {target_id: this-host, kind: host, module: machine, address: localhost}")
    assert ": ok: 1 targets" in run([command, "check", "--config.file", config], tmp_path)
    process = subprocess.Popen(
        [command, "run", "--config.file", config], cwd=tmp_path, env=clean(), stderr=subprocess.PIPE, text=True
    )
    try:
        address = wait_ready(process)
        wait_for(lambda: 'sla_target_up{target="this-host"' in get(address, "/metrics") or None)
        assert "this-host" in get(address, "/"), "templates and catalogue"
        assert json.loads(get(address, "/api/v1/openapi.json"))["openapi"].startswith("3.")
        assert "this-host" in run([command, "targets", "--config.file", config], tmp_path)
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, rest
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stderr.close()
    whole = run([command, "backup", tmp_path / "b.db", "--config.file", config], tmp_path)
    assert "read from end to end" in whole
    page = run([command, "report", "--plan", "ankang", "--format", "html", "--config.file", config], tmp_path)
    assert "@page" in page
    assert "政务云平台可靠性" in page


def test_the_installed_lab_writes_its_city_and_the_quick_start_is_one_that_check_takes(installed, tmp_path):
    command = installed / "bin" / "sla-agent"
    assert "written: city" in run([command, "lab", "--scale", "city", "--directory", "city", "--write-only"], tmp_path)
    assert ": ok: 0 targets" in run([command, "check", "--config.file", "city/agent.yml"], tmp_path)
    data = next(installed.glob("lib/python*/site-packages/agent/data/config"))
    assert ": ok: 6 targets" in run([command, "check", "--config.file", data / "quickstart/agent.yml"], tmp_path)


def get(address: str, path: str) -> str:
    with urlopen(f"http://{address}{path}", timeout=SECONDS) as response:
        return response.read().decode()
