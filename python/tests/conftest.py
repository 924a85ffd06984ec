"""Applies before any test imports torch: its threads wait passively, as in the engine's process."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
