"""Seeks a short completion of a grammar's state: bytes that lead to an end.

Greedy descents that prefer to close, then better ones from the branches along the best (limited discrepancy search, Harvey and Ginsberg,
IJCAI 1995). Counted in steps, never in time, so that the same state gives the same path in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from llguidance import LLMatcher

from nanochat_engine.grammar.byte_grammar import END

MAX_PATH = 16_384

_CLOSERS = b'"}])'
_OPENERS = b"[({<\\"
_PLAIN = b",:0123456789abcdefghijklmnopqrstuvwxyz ._-;'>"
# Bytes in the order in which a descent prefers them: what closes, plain characters, what opens, the rest.
_ORDER = tuple(
    dict.fromkeys(
        [*_CLOSERS, *_PLAIN, *[value for value in range(0x20, 0x7F) if value not in _OPENERS], *_OPENERS, *range(256)]
    )
)
_BYTES = (1 << END) - 1
_PRINTABLE = ((1 << 0x7F) - 1) & ~((1 << 0x20) - 1)


def _kind(value: int) -> tuple[int, ...]:
    """The bytes that are as good as this one in most grammars."""
    for low, high in ((0x30, 0x3A), (0x61, 0x7B), (0x41, 0x5B), (0x80, 0x100)):
        if low <= value < high:
            return tuple(range(low, high))
    return (value,)


def _bits(values: Iterable[int]) -> int:
    return sum(1 << value for value in values)


# Bytes that a descent may choose again and again, and what a byte chosen takes out of the choice until all had their turn, so that a
# loop is left. The last way is for grammars in which one letter is not like another.
_WAYS = (
    (_bits(_CLOSERS), tuple(_bits(_kind(value)) & ~_bits(_CLOSERS) for value in range(256))),
    (_bits(_CLOSERS[:1]), tuple(_bits(_kind(value)) & ~_bits(_CLOSERS[:1]) for value in range(256))),
    (0, tuple(1 << value for value in range(256))),
)
_QUOTE = ord('"')
# More than this many of one byte in a row are no closing brackets but text.
_MOST_REPEATED = 4
# Short paths are sought first, as a descent that misses its way goes on to its bound.
_BOUNDS = (48, 400, 3_000, MAX_PATH)
_MOST_BRANCHES = 8


class Search:
    """One search from a matcher's state; the matcher is the search's own.

    fuel: steps left, a step being one byte taken or one look at what may follow; some 3 us each.
    """

    def __init__(self, matcher: LLMatcher, fuel: int) -> None:
        self._matcher = matcher
        self.fuel = fuel

    def shortest(self, improving: int, fits: Callable[[bytes], bool] = lambda _path: False) -> bytes | None:
        """The shortest path found of at most MAX_PATH bytes, or the first that `fits`; None where none was found.

        improving: the most fuel for making the first path shorter.
        """
        best = self._first()
        if best is None or fits(best):
            return best
        self.fuel = min(self.fuel, improving)
        position = 0
        while position < len(best) and self.fuel > 0:
            better = self._branch(best, position)
            if better is not None:
                best = better
                if fits(best):
                    break
            elif self._take(best[position]):
                position += 1
            else:
                break
        return best

    def _first(self) -> bytes | None:
        for bound in _BOUNDS:
            for way in range(len(_WAYS)):
                path = self._descend(bound, way)
                if path is not None:
                    return path
        return None

    def _branch(self, best: bytes, position: int) -> bytes | None:
        """A path shorter than `best` that leaves it at `position`, where the matcher stands."""
        options = self._options()
        if options >> END & 1:
            return best[:position]
        room = len(best) - position - 2
        if room < 0:
            return None
        for option in _branches(options & ~(1 << best[position])):
            for way in (0, 1):
                if self.fuel <= 0 or not self._take(option):
                    return None
                rest = self._descend(room, way)
                if self._matcher.is_error() or not self._matcher.rollback(1):
                    return None
                if rest is not None:
                    return best[:position] + bytes([option]) + rest
        return None

    def _descend(self, bound: int, way: int) -> bytes | None:
        """A path of at most `bound` bytes by the preferred byte each time; the matcher stands where it stood."""
        path = bytearray()
        tireless, turns = _WAYS[way]
        # By the bytes that were open: the kinds of them, and those, that had their turn.
        chosen: dict[int, tuple[int, int]] = {}
        option, repeated = -1, 0
        found = False
        while self.fuel > 0:
            options = self._options()
            found = bool(options >> END & 1)
            if found or not options or len(path) >= bound:
                break
            if options & (options - 1):
                open_now = options & _PRINTABLE or options
                kinds, single = chosen.get(options, (0, 0))
                single = single if open_now & ~single else 0
                kinds = kinds if open_now & ~single & ~kinds else 0
                last, option = option, next(_preferred(open_now & ~single & ~kinds))
                repeated = repeated + 1 if option == last else 0
                tired = 1 << option & (_BYTES if repeated >= _MOST_REPEATED else ~tireless)
                chosen[options] = kinds | turns[option], single | tired
            else:
                option = options.bit_length() - 1
            if not self._take(option):
                break
            path.append(option)
            if option == _QUOTE and tireless:
                chosen.clear()
        if self._matcher.is_error() or (path and not self._matcher.rollback(len(path))):
            self.fuel = 0
            return None
        return bytes(path) if found else None

    def _take(self, value: int) -> bool:
        self.fuel -= 1
        return bool(self._matcher.consume_token(value))

    def _options(self) -> int:
        """The bytes that may follow, and END, a bit each; none where the matcher failed."""
        self.fuel -= 1
        options = int.from_bytes(self._matcher.compute_bitmask(), "little")
        if self._matcher.is_error():
            self.fuel = 0
            return 0
        return options & (_BYTES | 1 << END)


def _preferred(options: int) -> Iterator[int]:
    return (value for value in _ORDER if options >> value & 1)


def _branches(options: int) -> list[int]:
    """The bytes worth a branch: all of few, the preferred of each kind of many."""
    if options.bit_count() <= _MOST_BRANCHES:
        return list(_preferred(options))
    kinds: dict[tuple[int, ...], int] = {}
    for option in _preferred(options):
        kinds.setdefault(_kind(option), option)
    return list(kinds.values())[:_MOST_BRANCHES]
