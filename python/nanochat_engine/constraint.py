"""What an answer's text must look like, as a request says it: a kind and its source. Compiled in `grammar/`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

ConstraintKind = Literal["json_schema", "json_object", "regex", "lark", "choice"]


@dataclass(frozen=True, slots=True)
class Constraint:
    """kind and source: JSON of the schema (`true` for any value), "" for json_object, the expression, the grammar, JSON of the strings."""

    kind: ConstraintKind
    source: str

    def key(self) -> str:
        """SHA-256 by which compiled constraints are kept."""
        return hashlib.sha256(f"{self.kind}\0{self.source}".encode("utf-8", "surrogatepass")).hexdigest()
