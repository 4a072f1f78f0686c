"""What the command line shows in a terminal."""

import os
import pty
import subprocess
import sys


def in_terminal(*arguments, columns=60):
    """What a terminal of so many columns shows."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    command = [sys.executable, "-m", "recsys_lib.cli", *arguments]
    with subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=subprocess.PIPE, env=environment
    ):
        os.close(follower)
        shown = b""
        while True:
            try:
                more = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            shown += more
    os.close(leader)
    return shown.decode().replace("\r\n", "\n")
