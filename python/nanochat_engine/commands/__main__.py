"""`python -m nanochat_engine.commands init|export|info`: reads arguments, runs one command, tells the result or the reason."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from nanochat_engine.config import Settings, wait_passively
from nanochat_engine.errors import EngineError, SettingsError
from nanochat_engine.process.exit_codes import exit_code_of

GENERATIONS = ("G0", "G0p", "G1", "G2", "G3", "G3c", "G4", "G5")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{message} (see --help)")


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. What programs read goes to standard output, reasons to standard error."""
    try:
        given = _parse(arguments)
        wait_passively(os.environ)
        if given.command == "init":
            from nanochat_engine.commands.init import initialise

            initialise(given.shape, given.generation, given.out, seed=given.seed, vocab_size=given.vocab_size)
            print(f"{given.out} holds a randomly initialised {given.shape} of generation {given.generation}")
        elif given.command == "export":
            from nanochat_engine.commands.export import export

            export(_settings(given), given.out, shards=given.shards)
            print(f"{given.out} holds the model in the layout of transformers")
        else:
            from nanochat_engine.commands.info import describe, in_words

            described = describe(_settings(given))
            print(json.dumps(described) if given.json else in_words(described))
    except EngineError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
        return exit_code_of(error)
    except OSError as error:
        print(f"io_error: {error}", file=sys.stderr)
        return 1
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(prog="python -m nanochat_engine.commands", description="Commands on nanochat checkpoints.")
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser("init", help="write a randomly initialised checkpoint, in nanochat's own files")
    init.add_argument("--shape", required=True, help="d12, d20, d32, or any d<layers>")
    init.add_argument("--generation", default="G0", choices=GENERATIONS)
    init.add_argument("--out", required=True, type=Path, metavar="DIR", help="a folder that isn't there yet")
    init.add_argument("--seed", type=int, default=0)
    init.add_argument("--vocab-size", type=int, default=65_536)
    export = commands.add_parser("export", help="write a G0 checkpoint in the layout of transformers")
    export.add_argument("--out", required=True, type=Path, metavar="DIR", help="a folder that isn't there yet")
    export.add_argument("--shards", type=int, default=1, help="files to spread the weights over (1)")
    info = commands.add_parser("info", help="say what a checkpoint is and what memory it needs")
    info.add_argument("--json", action="store_true", help="for programs")
    for reader in (export, info):
        reader.add_argument("--model", required=True, type=Path, metavar="DIR", help="the checkpoint's folder")
        reader.add_argument("--tag", help="which model of a base directory (MODEL_TAG)")
        reader.add_argument("--step", type=int, help="which step (MODEL_STEP)")
        reader.add_argument("--generation", dest="model_generation", help="as MODEL_GENERATION")
        reader.add_argument("--window-pattern", dest="model_window_pattern", help="as MODEL_WINDOW_PATTERN")
        reader.add_argument("--softcap", dest="model_softcap", type=float, help="as MODEL_SOFTCAP")
    return parser.parse_args(arguments)


def _settings(given: argparse.Namespace) -> Settings:
    return Settings(
        given.model,
        given.model.resolve().name,
        device="cpu",
        model_tag=given.tag,
        model_step=given.step,
        model_generation=given.model_generation,
        model_window_pattern=given.model_window_pattern,
        model_softcap=given.model_softcap,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
