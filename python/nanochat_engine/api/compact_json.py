"""JSON as every answer carries it: on one line, without spaces, text as it is."""

from __future__ import annotations

import json

# Kept, since json.dumps builds an encoder for each call that is not all defaults: this runs once a stream and step.
encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
