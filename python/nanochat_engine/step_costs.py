"""What steps have cost lately, and from that how many prompt rows a step beside running streams may have. No torch, no clock."""

from __future__ import annotations

from collections import deque
from statistics import median

# A step with prompt rows may take this many times as long as one without: running streams keep two fifths of their pace, and
# the prompt gets three fifths of the time. At 3.0 the 99th percentile of a stream's intervals was 4.4 plain ones.
_LONGEST = 2.5
# Fewer rows cost about what reading the weights costs, and tell nothing of a row.
_TELLING_ROWS = 16
_RECENT = 9


class StepCosts:
    """Medians of recent steps, so that one hiccup changes nothing."""

    def __init__(self) -> None:
        # By the bit length of their rows: a step of 16 streams says little of one of a single stream.
        self._plain: dict[int, deque[float]] = {}
        self._alone: deque[tuple[int, float]] = deque(maxlen=_RECENT)
        self._beside: deque[tuple[int, float]] = deque(maxlen=_RECENT)

    def observe(self, decode_rows: int, prompt_rows: int, seconds: float) -> None:
        """Learn from one step."""
        if prompt_rows == 0:
            self._plain.setdefault(decode_rows.bit_length(), deque(maxlen=_RECENT)).append(seconds)
        elif prompt_rows >= _TELLING_ROWS:
            if decode_rows:
                seconds = max(0.0, seconds - (self._plain_seconds(decode_rows) or 0.0))
            (self._beside if decode_rows else self._alone).append((prompt_rows, seconds))

    def beside_rows(self, decode_rows: int, least: int, most: int) -> int:
        """Prompt rows that a step beside `decode_rows` may have, from `least`, where nothing is known yet, to `most`."""
        plain = self._plain_seconds(decode_rows)
        known = self._beside or self._alone
        if plain is None or not known:
            return least
        row = median(seconds / rows for rows, seconds in known)
        rows = int(min((_LONGEST - 1) * plain / row, most)) if row > 0 else most
        if self._beside:
            # A row's cost is known near the counts that were seen, so the count grows step by step.
            rows = min(rows, 2 * max(rows for rows, _ in self._beside))
        return max(least, min(rows, most))

    def _plain_seconds(self, decode_rows: int) -> float | None:
        """A step without prompt rows, by those with the nearest count of rows."""
        if not self._plain:
            return None
        length = decode_rows.bit_length()
        return median(self._plain[min(self._plain, key=lambda known: abs(known - length))])
