"""Maps torch's native libraries with the interpreter unlocked.

`import torch` loads them while it holds the interpreter, for 0.2 s on a warm disk and seconds on a cold one, and health
would not answer. A foreign call releases it, so the loader is called as one; the import then finds them in place.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from pathlib import Path

# In the order of their dependence; the first is loaded globally, as torch itself does.
_LIBRARIES = ("libtorch_global_deps.so", "libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so")


def preload_torch() -> None:
    """Load what is there; a failure here is not one, since the import tells it properly."""
    spec = importlib.util.find_spec("torch")
    if sys.platform != "linux" or spec is None or spec.origin is None:
        return
    folder = Path(spec.origin).parent / "lib"
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes = (ctypes.c_char_p, ctypes.c_int)
    dlopen.restype = ctypes.c_void_p
    for index, name in enumerate(_LIBRARIES):
        if (folder / name).exists():
            dlopen(os.fsencode(folder / name), os.RTLD_NOW | (os.RTLD_GLOBAL if index == 0 else os.RTLD_LOCAL))
