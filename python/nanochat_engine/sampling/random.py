"""The random number of a token, a function of (seed, choice, position) alone: no state to keep, replay or share."""

from __future__ import annotations

_MASK = (1 << 64) - 1


def _mix(x: int) -> int:
    """SplitMix64's finaliser (Steele, Lea and Flood, 2014): every input bit reaches every output bit."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def uniform(seed: int, choice: int, position: int) -> float:
    """A number in [0, 1) with 53 random bits. seed: 0 to 2^63-1; choice and position: 0 and up."""
    x = _mix((seed + 0x9E3779B97F4A7C15) & _MASK)
    x = _mix((x + (choice + 1) * 0x9E3779B97F4A7C15) & _MASK)
    x = _mix((x + (position + 1) * 0x9E3779B97F4A7C15) & _MASK)
    return (x >> 11) * 2.0**-53
