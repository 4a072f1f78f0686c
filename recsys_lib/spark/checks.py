"""What must be there before Spark starts, told in a sentence and within seconds."""

from __future__ import annotations

import os
import re
import shutil
import socket
from importlib import util
from pathlib import Path

from recsys_lib.errors import EngineError, ParameterError

_SECONDS = 5.0
"""To connect to a master; one that is there answers in milliseconds."""
_STANDALONE = "spark://"
_KUBERNETES = re.compile(r"k8s://(?:https?://)?(?P<host>[^:/]+)(?::(?P<port>\d+))?")
_KNOWN = ("local", _STANDALONE, "k8s://", "yarn")
_PORTS = {"spark": 7077, "k8s": 443}


def check_installed() -> None:
    """Raise EngineError without pyspark or Java."""
    if util.find_spec("pyspark") is None:
        raise EngineError("engine spark needs pyspark: pip install 'recsys-lib[spark]'")
    home = os.environ.get("JAVA_HOME")
    found = Path(home, "bin", "java").is_file() if home else shutil.which("java")
    if not found:
        where = f"JAVA_HOME is {home}, which has no bin/java" if home else "no java is on the PATH"
        raise EngineError(
            f"engine spark needs Java, and {where}: install a runtime, such as Debian's "
            "openjdk-17-jre-headless, or set JAVA_HOME"
        )


def check_master(master: str) -> None:
    """Raise ParameterError for a master of no known kind, EngineError for one that is not there."""
    if master.startswith("sc://"):
        raise ParameterError(
            f"spark.master is {master!r}: Spark Connect has no place for files and checkpoints of "
            "a training; give the master itself, such as spark://HOST:7077"
        )
    if not master.startswith(_KNOWN):
        raise ParameterError(
            f"spark.master is {master!r}: write local[*], spark://HOST:PORT, yarn or "
            "k8s://https://HOST:PORT"
        )
    if master == "yarn" and not {"HADOOP_CONF_DIR", "YARN_CONF_DIR"} & os.environ.keys():
        raise EngineError(
            "spark.master is yarn, but neither HADOOP_CONF_DIR nor YARN_CONF_DIR is set: set one "
            "to the folder of the cluster's configuration"
        )
    places = _places(master)
    failures = [failure for failure in map(_connects, places) if failure]
    if places and len(failures) == len(places):
        raise EngineError(
            f"no master answers at {master} ({failures[0]}): start it, or correct spark.master"
        )


def is_loopback(master: str) -> bool:
    """Whether everything runs on this machine."""
    here = {"localhost", "127.0.0.1", "::1"}
    return master.startswith("local") or (
        master.startswith(_STANDALONE) and {host for host, _ in _places(master)} <= here
    )


def _places(master: str) -> list[tuple[str, int]]:
    """Hosts and ports that a master may be at; several where it is highly available."""
    if match := _KUBERNETES.match(master):
        return [(match["host"], int(match["port"] or _PORTS["k8s"]))]
    if not master.startswith(_STANDALONE):
        return []
    places = []
    for place in master.removeprefix(_STANDALONE).split(","):
        host, _, port = place.rpartition(":")
        if host and not port.isdigit():
            raise ParameterError(f"spark.master is {master!r}: {port!r} is no port")
        places.append((host or place, int(port) if host else _PORTS["spark"]))
    return places


def _connects(place: tuple[str, int]) -> str:
    """Why a place cannot be reached; "" where it can."""
    try:
        socket.create_connection(place, timeout=_SECONDS).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""
