"""Settings of the engine, read once from the environment and the command line into a frozen object.

Programs hand it their `os.environ`; nothing else in the package reads settings from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from nanochat_engine.errors import SettingsError

Switch = Literal["auto", "on", "off"]

KERNEL_PREFIXES = ("ATEN_", "DNNL_", "MKL_", "ONEDNN_", "OPENBLAS_")

T = TypeVar("T")

# torch keeps a device's index in a signed byte.
_MOST_DEVICES = 128


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, typed and in bounds. Counts are in tokens or requests, limits of text in characters.

    quantization: the numbers that matrices are kept in: none (dtype), int8 or int4.
    cache_memory_share: of the free memory, for the cache; cache_tokens goes before it.
    device_workers: engines on this device, this one included, which divide that share.
    kernels: what computes on a CPU: auto, native (set-up's C kernels), torch, or one instruction set of the native ones.
    kept_dir: where converted copies and measurements are kept between starts; None keeps nothing.
    kernel_environment: the variables by which numerical libraries choose their kernels, as they are set.
    """

    model: Path
    model_id: str
    host: str = "127.0.0.1"
    port: int = 8081
    token: str | None = None
    nonce: str | None = None
    parent_pid: int | None = None
    log_level: str = "info"
    device: str = "auto"
    dtype: str = "auto"
    threads: int | None = None
    batch_invariant: Switch = "auto"
    kernels: str = "auto"
    quantization: str = "none"
    max_running: int = 16
    max_waiting: int = 32
    cache_tokens: int | None = None
    cache_memory_share: float | None = None
    device_workers: int = 1
    prefix_cache: bool = True
    step_tokens: int = 512
    model_generation: str | None = None
    model_window_pattern: str | None = None
    model_softcap: float | None = None
    model_tag: str | None = None
    model_step: int | None = None
    max_messages: int = 500
    max_message_chars: int = 8_000
    max_total_chars: int = 32_000
    body_limit_bytes: int = 1 << 20
    drain_timeout_seconds: float = 30.0
    kept_dir: Path | None = None
    kernel_environment: str = ""


class _Reader:
    """Collects every problem of an environment, so that all are told at once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def text(self, name: str) -> str | None:
        value = self._environment.get(name, "").strip()
        return value or None

    def number(
        self, name: str, default: T, low: float, high: float, kind: Callable[[str], int | float] = int
    ) -> T | int | float:
        value = self.text(name)
        if value is None:
            return default
        try:
            parsed = kind(value)
        except ValueError:
            self.problems.append(f"{name}={value!r} is not a number")
            return default
        if not low <= parsed <= high:
            self.problems.append(f"{name}={value} is outside {low:g} to {high:g}")
            return default
        return parsed

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = (self.text(name) or default).lower()
        if value not in choices:
            self.problems.append(f"{name}={value!r} is none of {', '.join(choices)}")
            return default
        return value

    def device(self, name: str) -> str:
        value = (self.text(name) or "auto").lower()
        kind, _, index = value.partition(":")
        numbered = kind == "cuda" and index.isascii() and index.isdigit() and int(index) < _MOST_DEVICES
        if kind not in ("auto", "cpu", "cuda", "mps") or (":" in value and not numbered):
            self.problems.append(f"{name}={value!r} is none of auto, cpu, cuda, cuda:N, mps")
        return value


def _kept_dir(reader: _Reader) -> Path | None:
    """NANOCHAT_DIR, else nanochat-server in the user's cache (XDG_CACHE_HOME, ~/.cache); None with CONVERTED_COPY=off."""
    if reader.choice("CONVERTED_COPY", "on", ("on", "off")) == "off":
        return None
    given = reader.text("NANOCHAT_DIR")
    if given is not None:
        return Path(given).expanduser().absolute()
    cache, home = reader.text("XDG_CACHE_HOME"), reader.text("HOME")
    # A relative XDG_CACHE_HOME is invalid and to be ignored, as its specification says.
    if cache is not None and Path(cache).is_absolute():
        return Path(cache) / "nanochat-server"
    return Path(home) / ".cache" / "nanochat-server" if home is not None else None


def wait_passively(environment: MutableMapping[str, str]) -> None:
    """Make OpenMP's threads sleep while they wait; call it before torch is imported.

    Spinning threads starve the event loop, and each other where other processes want the processors too.
    """
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def read_settings(
    environment: Mapping[str, str], *, model: str | None = None, host: str | None = None, port: int | None = None
) -> Settings:
    """Build Settings from an environment; arguments given win over it.

    Raises SettingsError naming every wrong setting at once.
    """
    reader = _Reader(environment)
    directory = model or reader.text("MODEL")
    if directory is None:
        reader.problems.append("no model: give --model DIR or MODEL")
        directory = "."
    pattern = reader.text("MODEL_WINDOW_PATTERN")
    if pattern is not None and (set(pattern.upper()) - set("SL") or len(pattern) > 256):
        reader.problems.append(f"MODEL_WINDOW_PATTERN={pattern!r} must be made of S and L")
    settings = Settings(
        model=Path(directory),
        model_id=reader.text("MODEL_ID") or Path(directory).resolve().name,
        host=host or reader.text("ENGINE_HOST") or "127.0.0.1",
        port=port if port is not None else reader.number("ENGINE_PORT", 8081, 0, 65535),  # type: ignore[arg-type]
        token=reader.text("ENGINE_TOKEN"),
        nonce=reader.text("ENGINE_NONCE"),
        parent_pid=reader.number("ENGINE_PARENT_PID", None, 1, 2**31 - 1),  # type: ignore[arg-type]
        log_level=reader.choice("LOG_LEVEL", "info", ("fatal", "error", "warn", "info", "debug", "trace")),
        device=reader.device("DEVICE"),
        dtype=reader.choice("DTYPE", "auto", ("auto", "bfloat16", "float32")),
        threads=reader.number("ENGINE_THREADS", None, 1, 1024),  # type: ignore[arg-type]
        batch_invariant=reader.choice("BATCH_INVARIANT", "auto", ("auto", "on", "off")),  # type: ignore[arg-type]
        kernels=reader.choice("KERNELS", "auto", ("auto", "native", "torch", "avx512", "avx2", "generic")),
        quantization=reader.choice("QUANTIZATION", "none", ("none", "int8", "int4")),
        max_running=reader.number("MAX_RUNNING", 16, 1, 1024),  # type: ignore[arg-type]
        max_waiting=reader.number("MAX_WAITING", 32, 0, 100_000),  # type: ignore[arg-type]
        cache_tokens=reader.number("CACHE_TOKENS", None, 64, 1 << 32),  # type: ignore[arg-type]
        cache_memory_share=reader.number("CACHE_MEMORY_SHARE", None, 0.01, 0.95, float),
        device_workers=reader.number("DEVICE_WORKERS", 1, 1, 64),  # type: ignore[arg-type]
        prefix_cache=reader.choice("PREFIX_CACHE", "on", ("on", "off")) == "on",
        step_tokens=reader.number("STEP_TOKENS", 512, 64, 65_536),  # type: ignore[arg-type]
        model_generation=reader.text("MODEL_GENERATION"),
        model_window_pattern=pattern.upper() if pattern else None,
        model_softcap=reader.number("MODEL_SOFTCAP", None, 0.1, 1e4, float),
        model_tag=reader.text("MODEL_TAG"),
        model_step=reader.number("MODEL_STEP", None, 0, 10**9),  # type: ignore[arg-type]
        max_messages=reader.number("MAX_MESSAGES", 500, 1, 100_000),  # type: ignore[arg-type]
        max_message_chars=reader.number("MAX_MESSAGE_CHARS", 8_000, 1, 10_000_000),  # type: ignore[arg-type]
        max_total_chars=reader.number("MAX_TOTAL_CHARS", 32_000, 1, 10_000_000),  # type: ignore[arg-type]
        body_limit_bytes=reader.number("BODY_LIMIT_BYTES", 1 << 20, 1024, 1 << 30),  # type: ignore[arg-type]
        drain_timeout_seconds=reader.number("DRAIN_TIMEOUT_SECONDS", 30.0, 0, 3600, float),
        kept_dir=_kept_dir(reader),
        kernel_environment=" ".join(
            f"{name}={value}" for name, value in sorted(environment.items()) if name.startswith(KERNEL_PREFIXES)
        ),
    )
    if settings.token is None and settings.host not in ("127.0.0.1", "::1", "localhost"):
        reader.problems.append(
            f"ENGINE_HOST={settings.host} listens beyond this machine: set ENGINE_TOKEN, or use 127.0.0.1"
        )
    if reader.problems:
        raise SettingsError("; ".join(reader.problems))
    return settings
