"""A checksum against damage, at the speed of memory: the SHA-256 of the sums of all 4 KiB pages.

A page is summed as 512 whole numbers of 64 bits. A flipped bit, a page of zeros, of another file or in another place
changes it, which is what failing disks and torn writes leave behind. It is no defence against forgery: who can write
here is the user that we run as.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

PAGE = 4096
CHUNK = 4 << 20
# More threads than this wait for the memory, not for each other.
THREADS = 2


def page_sums(descriptor: int, start: int, head: bytes, progress: Callable[[float], None] = lambda share: None) -> str:
    """Hexadecimal digest of `head` and of the file from `start` to its end. Raises OSError where it can't be read.

    It reads by system calls and not through a mapping, so that a failing disk is an error here and not a signal later.
    """
    end = os.fstat(descriptor).st_size
    digest = hashlib.sha256(head)
    buffers = threading.local()

    def sums(offset: int) -> bytes:
        if not hasattr(buffers, "chunk"):
            buffers.chunk = bytearray(CHUNK)
        chunk = memoryview(buffers.chunk)
        count = min(CHUNK, end - offset)
        filled = 0
        while filled < count:
            read = os.preadv(descriptor, [chunk[filled:count]], offset + filled)
            if read == 0:
                raise OSError("the file became shorter while it was read")
            filled += read
        padded = -(-count // PAGE) * PAGE
        chunk[count:padded] = bytes(padded - count)
        numbers = np.frombuffer(chunk[:padded], dtype=np.int64).reshape(-1, PAGE // 8)
        totals: np.ndarray[tuple[int], np.dtype[np.int64]] = numbers.sum(axis=1)
        return totals.tobytes()

    with ThreadPoolExecutor(THREADS, thread_name_prefix="page-sums") as pool:
        offsets = range(start, end, CHUNK)
        for number, part in enumerate(pool.map(sums, offsets), 1):
            digest.update(part)
            progress(number / len(offsets))
    return digest.hexdigest()
