"""An operator who types what the runbook says, with the AWS CLI against the emulator.

`sam` isn't run: it deploys nothing to the emulator. What was asked of it is returned instead.
"""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from deployment import STACK
from ministack import CREDENTIALS, REGION

REPOSITORY = Path(__file__).parent.parent.parent
RUNBOOK = REPOSITORY / "infra" / "RUNBOOK.md"
LOGINS = REPOSITORY / "infra" / "LOGINS.md"
SAM = "sam() { printf '%s\\n' \"$3\" >> asked; }\n"


def blocks(heading, page=RUNBOOK):
    """The shell commands under a heading of the runbook, or of another page, block by block."""
    found, under = [], None
    # Together, because a comment in a block looks like a heading.
    for block, title in re.findall(r"^```sh\n(.*?)^```$|^#+ (.+?)$", page.read_text(), re.MULTILINE | re.DOTALL):
        under = title or under
        if block and under == heading:
            found.append(block)
    assert found, f"nothing to type under {heading}"
    return found


class Operator:
    """A shell, in a folder with the deployment's parameters.txt."""

    def __init__(self, endpoint, folder):
        self._endpoint, self._folder = endpoint, folder
        (folder / "infra").symlink_to(REPOSITORY / "infra")

    def types(self, commands):
        """Runs the commands after those that the runbook has everybody load first. Returns what they print."""
        run = self._run(commands)
        assert run.returncode == 0, run.stderr
        return run.stdout

    def fails(self, commands):
        """The same for commands that fail. Returns what they complain about."""
        run = self._run(commands)
        assert run.returncode, run.stdout
        return run.stderr

    def finds(self, command):
        """The same for a check that finds something. Returns what it prints."""
        run = self._run(command)
        assert run.returncode == 1, run.stdout + run.stderr
        return run.stdout

    def asked_for(self):
        """The parameters with which the stack was to be deployed."""
        asked = self._folder / "asked"
        pairs = [pair.split("=", 1) for line in asked.read_text().splitlines() for pair in shlex.split(line)]
        asked.unlink()
        return dict(pairs)

    def _run(self, commands):
        load_first, *_ = blocks("Runbook")
        assert f"STACK={STACK}\n" in load_first
        return subprocess.run(
            ["bash", "-c", f"set -eo pipefail\n{SAM}{load_first}{commands}"],
            cwd=self._folder, env=self._environment(), capture_output=True, text=True, timeout=120, check=False,
        )

    def _environment(self):
        program = os.environ.get("AWS_CLI") or shutil.which("aws")
        assert program, "the AWS CLI is missing: set AWS_CLI to its path"
        return CREDENTIALS | {
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self._endpoint,
            "HOME": str(self._folder),
            "PATH": f"{Path(program).parent}:{os.environ['PATH']}",
        }
