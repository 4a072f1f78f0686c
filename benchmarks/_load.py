"""Load on a service of this machine: wrk sends random questions, the answers are counted."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_GENERATOR = "wrk"
_TIMEOUT_SECONDS = 30
_OPENING_SECONDS = 300
_SCRIPT = """
local bodies, path, k = {}, "", 0

function init(args)
  path = args[1]
  for line in io.lines(args[2]) do bodies[#bodies + 1] = line end
end

function request()
  k = k % #bodies + 1
  return wrk.format("POST", path, {["Content-Type"] = "application/json"}, bodies[k])
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('\\n{"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, '
    .. '"failed": %d}\\n', summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), failed))
end
"""


@dataclass(frozen=True)
class Load:
    """What a service did under load.

    Parameters
    ----------
    per_second: answers.
    p50, p99: milliseconds from a request to its whole answer.
    failed: answers with another code than 200, broken connections, and timeouts.
    """

    per_second: float
    p50: float
    p99: float
    failed: int


def require_generator() -> None:
    """Stop with a remedy where wrk is not installed."""
    if shutil.which(_GENERATOR) is None:
        raise SystemExit(
            f"the load generator {_GENERATOR} is not installed: apt-get install {_GENERATOR}, "
            f"or brew install {_GENERATOR}"
        )


def write_bodies(path: Path, bodies: Sequence[dict[str, object]]) -> None:
    """One body a line, as the load generator reads them."""
    path.write_text("".join(f"{json.dumps(body)}\n" for body in bodies), encoding="utf-8")


def open_models(url: str, route: str, bodies: Path, connections: int) -> None:
    """Ask over so many connections at once, so that every worker opens what it answers with."""

    def ask(body: str) -> None:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}{route}", body.encode(), headers)
        with urllib.request.urlopen(request, timeout=_OPENING_SECONDS) as answer:
            answer.read()

    lines = bodies.read_text(encoding="utf-8").splitlines()[:connections]
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(ask, lines))


def load(url: str, route: str, bodies: Path, connections: int, seconds: int) -> Load:
    """Send requests over so many connections at once, each after the answer to the one before."""
    script = bodies.with_name("load.lua")
    script.write_text(_SCRIPT, encoding="utf-8")
    command = [_GENERATOR, "-t1", f"-c{connections}", f"-d{seconds}s"]
    command += [f"--timeout={_TIMEOUT_SECONDS}s", f"--script={script}", url]
    arguments = ["--", route, str(bodies)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{_GENERATOR} failed: {done.stderr.strip() or done.stdout.strip()}")
    said = json.loads(done.stdout.strip().splitlines()[-1])
    if not said["requests"]:
        raise RuntimeError(f"{route}: no answer within {seconds} seconds: give a longer time")
    per_second = said["requests"] / (said["microseconds"] / 1e6)
    return Load(per_second, said["p50"] / 1000, said["p99"] / 1000, int(said["failed"]))
