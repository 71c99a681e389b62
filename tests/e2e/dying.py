"""The platform under WSGI, in a process that dies when its answer is committed, and before anybody gets it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from typing import Any

from agentic.wsgi import application as platform


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    answer = platform(environ, start_response)
    if "HTTP_X_DIE" in environ:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
