"""Starts MiniStack, an emulator of AWS, on a free port of the loopback interface.

Run as a program, it prints the endpoint and serves until it is interrupted. Given a command, it runs that against
the emulator instead, and exits when the command does:

    python tests/e2e/ministack.py
    python tests/e2e/ministack.py cargo test -p integration store_contract

The command finds the endpoint in STORE_CONTRACT_ENDPOINT and AWS_ENDPOINT_URL. The emulator is the program in
MINISTACK, or else `ministack` on the PATH, or else the module of this Python.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

REGION = "us-east-1"
# The emulator's root credentials.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class MiniStack:
    """A running emulator, as a context manager. Leaving it stops the emulator and everything it started."""

    def __init__(self, enforce_iam=False, endpoints=None):
        """With `enforce_iam`, requests are refused unless the caller's policies allow them. `endpoints` are the variables
        that tell the functions where a service is that the emulator lacks."""
        self.port = _free_port()
        self.enforce_iam = enforce_iam
        self._endpoints = endpoints or {}
        self._scratch = Path(tempfile.mkdtemp(prefix="ministack-"))
        self._process = None

    # AWS is reached as localhost, so that 127.0.0.1 is free to be the API's custom domain.
    @property
    def endpoint(self):
        return f"http://localhost:{self.port}"

    @property
    def log(self):
        return (self._scratch / "log").read_text(errors="replace")

    def __enter__(self):
        with open(self._scratch / "log", "wb") as log:
            self._process = subprocess.Popen(
                _program(), cwd=self._scratch, env=self._environment(), stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )
        try:
            self._await_health()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # The functions run in the emulator's own process group.
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(timeout=5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _environment(self):
        """The emulator's environment, which the functions inherit, without the caller's own AWS configuration."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return inherited | CREDENTIALS | self._endpoints | {
            "AUTH": str(self.enforce_iam).lower(),
            "AWS_ENDPOINT_URL": self.endpoint,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "HOME": str(self._scratch),
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",  # as AWS: no tokens if the trigger fails
            "MINISTACK_REGION": REGION,
            "TMPDIR": str(self._scratch),
        }

    def _await_health(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"MiniStack did not start:\n{self.log}")


def _program():
    program = os.environ.get("MINISTACK") or shutil.which("ministack")
    return [program] if program else [sys.executable, "-m", "ministack"]


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(command):
    with MiniStack() as emulator:
        if not command:
            print(emulator.endpoint, flush=True)
            signal.pause()
        endpoints = {"STORE_CONTRACT_ENDPOINT": emulator.endpoint, "AWS_ENDPOINT_URL": emulator.endpoint}
        return subprocess.run(command, env=os.environ | endpoints, check=False).returncode


if __name__ == "__main__":
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: sys.exit(0))
    sys.exit(main(sys.argv[1:]))
