"""Applies before any test imports torch: its threads wait passively, as in the engine's process."""

import os

from nanochat_engine.config import wait_passively

wait_passively(os.environ)
