"""A script in a network and mount namespace of its own, where loopback asks a name server that the script itself is."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.requirements import need_program, need_root


def run_with_names(directory: Path, script: str) -> Any:
    """The JSON that a script prints which answers on 127.0.0.1:53; its argument is `directory`."""
    need_root()
    unshare, ip = need_program("unshare"), need_program("ip")
    (directory / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
    (directory / "nsswitch.conf").write_text("hosts: files dns\n")
    (directory / "script.py").write_text(script)
    binds = " && ".join(f"mount --bind {directory}/{name} /etc/{name}" for name in ("resolv.conf", "nsswitch.conf"))
    command = f"{ip} link set lo up && {binds} && exec {sys.executable} -W error {directory}/script.py {directory}"
    done = subprocess.run(
        [unshare, "--net", "--mount", "sh", "-c", command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)
