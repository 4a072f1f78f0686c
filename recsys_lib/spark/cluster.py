"""Which Spark cluster works, and a session on it that is checked before anything is sent there."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, TYPE_CHECKING, Protocol

from recsys_lib.errors import EngineError
from recsys_lib.files import writing
from recsys_lib.parameters import SPARK_FOLDER
from recsys_lib.spark.checks import check_installed, check_master, is_loopback
from recsys_lib.spark.failures import reason_of

if TYPE_CHECKING:
    from py4j.java_gateway import JVMView
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

SPARK = "spark"
_MASTER, _PYTHON = "master", "pyspark.python"
_OURS = {_MASTER, SPARK_FOLDER}  # no settings of Spark's own builder
_DEFAULT_MASTER = "local[*]"
_SECONDS_TO_START = 120.0
"""For an executor to take its first task; YARN and Kubernetes need up to a minute."""
_LOOPBACK = "127.0.0.1"
_USUAL = {
    "ui.showConsoleProgress": "false",
    "sql.session.timeZone": "UTC",
    "sql.execution.arrow.maxRecordsPerBatch": "50000",
    "serializer": "org.apache.spark.serializer.KryoSerializer",
}


class OnEngine(Protocol):
    """Parameters of a step that say where its work is done."""

    @property
    def engine(self) -> str:
        """``local`` or ``spark``."""

    @property
    def spark(self) -> Mapping[str, object]:
        """Settings of Spark."""


@dataclass(frozen=True)
class Cluster:
    """A Spark cluster.

    Parameters
    ----------
    settings
        ``master``, by default every core of this machine, and settings of Spark without the leading
        ``spark.``, such as ``executor.memory``. Spark has the others from spark-defaults.conf.
    folder
        Which driver and executors see under the same path; what they hand over lies in it.

    Examples
    --------
    >>> cluster = Cluster({"master": "local[2]", "sql.shuffle.partitions": 8}, Path("/data"))
    >>> with cluster.session("count") as spark:  # doctest: +SKIP
    ...     spark.range(5).count()
    5
    """

    settings: Mapping[str, object]
    folder: Path

    @classmethod
    def of(cls, parameters: OnEngine, folder: Path) -> Cluster | None:
        """The cluster that works by these parameters; None where this process does."""
        return cls(parameters.spark, folder) if parameters.engine == SPARK else None

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder in ``folder`` for the time of a block of code."""
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=self.folder, prefix=".spark-") as path:
                yield Path(path)

    @property
    def master(self) -> str:
        """Where the cluster is."""
        return str(self.settings.get(_MASTER, _DEFAULT_MASTER))

    @contextmanager
    def session(self, name: str) -> Iterator[SparkSession]:
        """Open a session for a block of code and end it, on failure too.

        Parameters
        ----------
        name
            Of the application, as the cluster shows it.

        Yields
        ------
        SparkSession
            It has an executor that answers.

        Raises
        ------
        EngineError
            Without pyspark or Java, when no master answers within seconds, or no executor takes
            a task within two minutes.
        ParameterError
            When the master is no address.
        """
        check_installed()
        check_master(self.master)
        # Python on an executor is that of the same path, unless the user names another one.
        os.environ["PYSPARK_PYTHON"] = str(self.settings.get(_PYTHON, sys.executable))
        spark = self._started(name)
        try:
            _wait_for_executor(spark, self.master)
            spark.sparkContext.setJobGroup(name, f"recsys {name}")
            yield spark
        finally:
            spark.stop()

    @contextmanager
    def java(self) -> Iterator[JVMView]:
        """Spark's Java with these settings, for what needs no executor.

        That of a session of this process is taken where there is one. EngineError without pyspark
        or Java, or where it does not start.
        """
        check_installed()
        _expect_new_pandas()
        from pyspark import SparkContext  # noqa: PLC0415  # optional, takes seconds
        from pyspark.java_gateway import launch_gateway  # noqa: PLC0415

        if SparkContext._gateway is not None:
            yield SparkContext._jvm
            return
        with self._starting() as log:
            gateway = launch_gateway(self._conf("files"), {"stderr": log})
        try:
            yield gateway.jvm
        finally:
            gateway.shutdown()
            gateway.proc.stdin.close()
            gateway.proc.wait()

    def _started(self, name: str) -> SparkSession:
        _expect_new_pandas()
        from pyspark import SparkContext  # noqa: PLC0415  # optional, takes seconds
        from pyspark.java_gateway import launch_gateway  # noqa: PLC0415
        from pyspark.sql import SparkSession  # noqa: PLC0415

        conf = self._conf(name)
        with self._starting() as log:
            if SparkContext._gateway is None:  # Java runs on when a session ends
                SparkContext(conf=conf, gateway=launch_gateway(conf, {"stderr": log}))
            spark: SparkSession = SparkSession.builder.config(conf=conf).getOrCreate()
        spark.sparkContext.setLogLevel("ERROR")
        return spark

    def _conf(self, name: str) -> SparkConf:
        from pyspark import SparkConf  # noqa: PLC0415  # optional, takes seconds

        given = {key: str(value) for key, value in self.settings.items() if key not in _OURS}
        conf = SparkConf().setMaster(self.master).setAppName(f"recsys {name}")
        for key, value in (_USUAL | self._of_place() | given).items():
            conf.set(f"spark.{key}", _spelled(value))
        return conf

    @contextmanager
    def _starting(self) -> Iterator[IO[bytes]]:
        """A log for Java; EngineError, with its last words, where Spark does not start."""
        with TemporaryFile() as log:
            try:
                yield log
            except Exception as error:  # of Java, of the gateway to it, or of Spark
                raise EngineError(
                    f"Spark did not start at {self.master} ({_reason(error, log)}): correct the "
                    "settings in spark"
                ) from error

    def _of_place(self) -> dict[str, str]:
        """Where all is on one machine, nothing of it is open to the network."""
        if not is_loopback(self.master):
            return {}
        addresses = {"driver.host": _LOOPBACK, "driver.bindAddress": _LOOPBACK}
        return addresses | {"ui.enabled": "false"}


def _reason(error: Exception, log: IO[bytes]) -> str:
    """What an error says, or what Java said last where it could not start."""
    log.seek(0)
    said = log.read().decode(errors="replace").splitlines()
    told = [line.strip() for line in said if line.startswith(("Error", "Exception in thread"))]
    return told[0] if told else reason_of(error)


def _expect_new_pandas() -> None:
    """pandas is not touched: tables go to Python and come back as Arrow."""
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")


def _spelled(value: str) -> str:
    """Truth values as Java writes them."""
    return value.lower() if value in ("True", "False") else value


def _wait_for_executor(spark: SparkSession, master: str) -> None:
    """Run one task; Spark itself would wait for an executor without an end."""
    context, group = spark.sparkContext, "recsys waits for an executor"
    late = threading.Event()

    def cancel() -> None:
        late.set()
        context.cancelJobGroup(group)

    timer = threading.Timer(_SECONDS_TO_START, cancel)
    timer.start()
    try:
        context.setJobGroup(group, group, interruptOnCancel=True)
        context.parallelize([0], 1).count()
    except Exception as error:
        if late.is_set():
            raise EngineError(
                f"no executor of {master} took a task within {_SECONDS_TO_START:g} seconds: start "
                "workers, or ask for less by spark.executor.memory and spark.executor.cores"
            ) from error
        raise EngineError(
            f"an executor of {master} cannot run Python ({reason_of(error)}): each needs "
            f"{os.environ['PYSPARK_PYTHON']}, or the path that spark.{_PYTHON} names"
        ) from error
    finally:
        timer.cancel()
