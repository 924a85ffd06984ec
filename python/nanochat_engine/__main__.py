"""`python -m nanochat_engine --model DIR --port 8081`: reads arguments and environment, takes the port, then serves.

Order matters: the parent watch comes first and the heavy imports last, so that an orphan leaves and a taken port is told at once.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from nanochat_engine.config import Settings, read_settings, wait_passively
from nanochat_engine.errors import EngineError, SettingsError
from nanochat_engine.process.exit_codes import INTERNAL, OK, PORT_TAKEN, exit_code_of, leave
from nanochat_engine.process.json_log import configure_logging, log_fatal
from nanochat_engine.process.listen import PortTaken, listen
from nanochat_engine.process.parent_watch import watch_parent

# The engine's thread asks for the interpreter after each operation; by default the event loop may keep it for 5 ms, half a step.
_SWITCH_SECONDS = 0.0005


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SettingsError(message)


def main(arguments: Sequence[str]) -> int:
    """Run the engine; returns the exit code."""
    # Until the service has its own handlers there is nothing to drain.
    signal.signal(signal.SIGTERM, lambda *_: leave(OK))
    signal.signal(signal.SIGINT, lambda *_: leave(OK))
    configure_logging("info")
    faulthandler.enable()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        settings = _settings(arguments)
        watch_parent(settings.parent_pid)
        configure_logging(settings.log_level)
        wait_passively(os.environ)
        listener = listen(settings.host, settings.port)
        from nanochat_engine.api.serve import serve

        return serve(settings, listener)
    except PortTaken as error:
        log_fatal(error.code, error.message)
        return PORT_TAKEN
    except EngineError as error:
        log_fatal(error.code, error.message)
        return exit_code_of(error)
    except Exception as error:  # noqa: BLE001 - whatever it was, its reason goes to the log as JSON
        log_fatal("internal_error", "the engine has failed", error)
        return INTERNAL


def _settings(arguments: Sequence[str]) -> Settings:
    parser = _Parser(prog="nanochat_engine", description="Serve one nanochat checkpoint over HTTP.")
    parser.add_argument("--model", metavar="DIR", help="the checkpoint's folder (MODEL)")
    parser.add_argument("--host", help="address to listen on (ENGINE_HOST, 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on, 0 for any (ENGINE_PORT, 8081)")
    given = parser.parse_args(arguments)
    if given.port is not None and not 0 <= given.port <= 65535:
        parser.error(f"--port {given.port} is outside 0 to 65535")
    return read_settings(os.environ, model=given.model, host=given.host, port=given.port)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
