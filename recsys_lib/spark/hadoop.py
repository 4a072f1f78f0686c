"""Files in a file system of Hadoop, such as HDFS, S3 (s3a), Azure (abfss) or Google (gs).

Spark's Java lists and opens them, so that whatever Spark can read, the driver can read, too.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from recsys_lib.errors import InputDataError, ParameterError, RecsysError
from recsys_lib.spark.cluster import Cluster
from recsys_lib.spark.failures import reason_of

if TYPE_CHECKING:
    from py4j.java_gateway import JVMView

_BLOCK = 1 << 20  # bytes
_HIDDEN = ("_", ".")
_MODULES = {
    "s3a": "hadoop-aws",
    "abfs": "hadoop-azure",
    "abfss": "hadoop-azure",
    "wasb": "hadoop-azure",
    "wasbs": "hadoop-azure",
    "gs": "hadoop-gcp",
    "oss": "hadoop-aliyun",
    "cosn": "hadoop-cos",
}
"""Scheme of a URL -> module of Hadoop that pyspark does not bring."""
_UNKNOWN = re.compile(r"No FileSystem for scheme|ClassNotFound|NoClassDefFound")
_DENIED = re.compile(
    r"AccessControlException|Access.?Denied|Permission denied|Forbidden|\b40[13]\b|credential",
    re.IGNORECASE,
)
_MISSING = re.compile(r"FileNotFound|does not exist|no.?such|not.?found", re.IGNORECASE)
_QUICK = {
    # A NameNode that does not answer is tried for a quarter of an hour by default.
    "ipc.client.connect.timeout": "5000",
    "ipc.client.connect.max.retries.on.timeouts": "2",
    "fs.s3a.connection.establish.timeout": "5000",
    "fs.s3a.attempts.maximum": "3",
}
"""Settings for listing and for first lines; executors have those of the cluster."""


@dataclass(frozen=True)
class HadoopFile:
    """A file: where it is, its path there without the host, bytes, and when it was written."""

    url: str
    path: str
    size: int
    modified_ms: int


class HadoopFolder:
    """The files under a URL.

    Parameters
    ----------
    java
        From :meth:`Cluster.java`, whose settings and packages hold.
    url
        Such as ``hdfs://host/shop``; all its files are meant, also those in folders.
    """

    def __init__(self, java: JVMView, url: str) -> None:
        self.url, self._java = url.rstrip("/"), java
        known = java.org.apache.spark.SparkConf()
        conf = java.org.apache.spark.deploy.SparkHadoopUtil.get().newConfiguration(known)
        for name, value in _QUICK.items():
            if not known.contains(f"spark.hadoop.{name}"):
                conf.set(name, value)
        with self._failures():
            self._root = java.org.apache.hadoop.fs.Path(self.url)
            self._system = self._root.getFileSystem(conf)

    def files(self) -> dict[str, HadoopFile]:
        """Every file by its name under the URL, ordered; hidden ones are left out.

        Raises
        ------
        InputDataError
            If there is no such folder, it may not be read, or nothing answers.
        """
        found: dict[str, HadoopFile] = {}
        with self._failures():
            root = self._system.getFileStatus(self._root)
            if root.isFile():
                raise InputDataError(
                    "is a file: set spark.folder to its folder, and etl.reviews to its name",
                    file=self.url,
                )
            top = root.getPath().toUri().getPath()
            entries = self._system.listFiles(root.getPath(), True)
            while entries.hasNext():
                status = entries.next()
                path = status.getPath().toUri().getPath()
                name = PurePosixPath(path).relative_to(top)
                if not any(part.startswith(_HIDDEN) for part in name.parts):
                    facts = status.getLen(), status.getModificationTime()
                    found[str(name)] = HadoopFile(f"{self.url}/{name}", path, *facts)
        return dict(sorted(found.items()))

    @contextmanager
    def open(self, file: HadoopFile) -> Iterator[BinaryIO]:
        """A file for reading, from any place on."""
        with (
            self._failures(file.url),
            io.BufferedReader(_Stream(self._stream(file), file.size), _BLOCK) as stream,
        ):
            yield stream

    def sha256(self, file: HadoopFile) -> str:
        """SHA-256 of the bytes of a file, in hex; Java reads them."""
        java = self._java.java
        with self._failures(file.url):
            digest = java.security.MessageDigest.getInstance("SHA-256")
            read = java.security.DigestInputStream(self._stream(file), digest)
            nowhere = java.io.OutputStream.nullOutputStream()
            self._java.org.apache.hadoop.io.IOUtils.copyBytes(read, nowhere, _BLOCK, True)
            return bytes(digest.digest()).hex()

    def _stream(self, file: HadoopFile) -> Any:
        return self._system.open(self._java.org.apache.hadoop.fs.Path(file.url))

    @contextmanager
    def _failures(self, url: str = "") -> Iterator[None]:
        from py4j.protocol import Py4JError  # noqa: PLC0415  # optional

        try:
            yield
        except Py4JError as error:
            version = str(self._java.org.apache.hadoop.util.VersionInfo.getVersion())
            raise trouble(error, url or self.url, version) from error


@contextmanager
def hadoop_folder(url: str, cluster: Cluster) -> Iterator[HadoopFolder]:
    """The files under a URL for the time of a block; no executor is needed."""
    with cluster.java() as java:
        yield HadoopFolder(java, url)


class _Stream(io.RawIOBase):
    """Bytes of a stream of Java."""

    def __init__(self, stream: Any, size: int) -> None:
        self._stream, self._size, self._at = stream, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.readNBytes(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        before = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = min(max(before + offset, 0), self._size)
        self._stream.seek(self._at)
        return self._at

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def trouble(error: BaseException, url: str, version: str) -> RecsysError:
    """What Hadoop of this version says, with the remedy.

    Examples
    --------
    >>> trouble(OSError('No FileSystem for scheme "s3a"'), "s3a://shop", "3.5.0")
    ParameterError('spark.folder is s3a://shop, and Spark lacks what s3a:// needs (No FileSystem \
for scheme "s3a"): set spark.jars.packages to org.apache.hadoop:hadoop-aws:3.5.0')
    >>> trouble(OSError("AccessControlException: user=ann"), "hdfs://host/shop", "3.5.0")
    InputDataError('hdfs://host/shop: no rights (AccessControlException: user=ann): check the \
user, and the credentials in spark-defaults.conf or the environment')
    """
    why, scheme = reason_of(error), url.partition(":")[0]
    if _UNKNOWN.search(why):
        module = _MODULES.get(scheme)
        package = f"org.apache.hadoop:{module}:{version}" if module else "the package that has it"
        return ParameterError(
            f"spark.folder is {url}, and Spark lacks what {scheme}:// needs ({why}): set "
            f"spark.jars.packages to {package}"
        )
    if _DENIED.search(why):
        remedy = (
            f"no rights ({why}): check the user, and the credentials in spark-defaults.conf or the "
            "environment"
        )
    elif _MISSING.search(why):
        remedy = "there is no such file or folder: correct spark.folder"
    else:
        remedy = f"the file system does not answer ({why}): check the address and the network"
    return InputDataError(remedy, file=url)
