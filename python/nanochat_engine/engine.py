"""The engine: one thread that owns the model, steps it, and publishes what each step gave.

No torch at import: the thread imports it, so that a process can answer health before. Inner rooms know no HTTP.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from nanochat_engine.cache.blocks import BLOCK_TOKENS
from nanochat_engine.cache.manager import BlockManager, CacheSize
from nanochat_engine.config import Settings
from nanochat_engine.constraint import Constraint
from nanochat_engine.errors import EngineError, InternalError, InvalidRequest, QueueFull, Unavailable
from nanochat_engine.grammar.compiler import CompiledConstraint, Compiler
from nanochat_engine.grammar.refusal import TooSlow
from nanochat_engine.grammar.vocabulary import Vocabulary
from nanochat_engine.open_requests import OpenRequests
from nanochat_engine.request import DEFAULT_MAX_TOKENS, GenerateRequest, RequestFailed, StepEvent
from nanochat_engine.scheduler import Scheduler
from nanochat_engine.sequence import Sequence
from nanochat_engine.snapshot import EngineSnapshot, EngineState, ModelInfo
from nanochat_engine.step import StepRunner, settle
from nanochat_engine.tokenizer.tokenizer import Tokenizer

_log = logging.getLogger(__name__)

# Chunks of prompts end at its multiples where kernels give a row the same bits in any chunk: they compute as many rows at once.
_EXACT_CHUNK = 16
# Logits of prompts that are scored in one step: 64 MiB in float32.
_MOST_SCORED_LOGITS = 1 << 24


class Engine:
    """Submit and abort from any thread; events come to `publish` on the engine thread, once a step.

    on_loaded is called on the engine thread before it takes requests; on_fatal when loading failed or a step raised: the
    process has to end.
    """

    def __init__(
        self,
        settings: Settings,
        publish: Callable[[list[StepEvent]], None],
        on_fatal: Callable[[BaseException], None],
        on_loaded: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._publish = publish
        self._on_fatal = on_fatal
        self._on_loaded = on_loaded
        self._state: EngineState = "starting"
        self._phase, self._progress, self._reason = "import", None, None  # type: tuple[str, float | None, str | None]
        self._model: ModelInfo | None = None
        self._facts: tuple[str, str, str, str, bool] | None = None
        self._tokenizer: Tokenizer | None = None
        self._compiler: Compiler | None = None
        self._compiler_lock = threading.Lock()
        self._runner: StepRunner | None = None
        nothing = BlockManager(CacheSize(0))
        self._scheduler = Scheduler(nothing, max_running=1, max_waiting=0, step_tokens=BLOCK_TOKENS)
        self._open = OpenRequests()
        self._aborts: dict[str, int] = {}
        # Held for schedule and settle, never during the forward pass, so that submit and abort wait for a millisecond at most.
        self._lock = threading.Condition()
        self._stopping = False
        self._working = False
        self._beat_at = time.monotonic()
        self._longest_step = 0.0
        self._steps = self._finished = self._aborted = self._abort_steps_max = 0
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    @property
    def tokenizer(self) -> Tokenizer:
        """Raises Unavailable until the checkpoint is read."""
        if self._tokenizer is None:
            raise Unavailable("The model is still loading.", code="model_loading")
        return self._tokenizer

    def start(self) -> None:
        """Start the engine thread: it loads, warms up, then steps until stop."""
        self._thread.start()

    def prepared(self, request: GenerateRequest) -> bool:
        """Whether `prepare` has nothing to do: there is no constraint, or it has been compiled."""
        compiler = self._compiler
        return request.constraint is None or (compiler is not None and compiler.has(request.constraint))

    def prepare(self, request: GenerateRequest) -> None:
        """Compile the request's constraint; blocks. Raises InvalidRequest, QueueFull, Unavailable or InternalError."""
        if request.constraint is not None:
            self._compile(request.constraint, bool(request.resume))

    def submit(self, request: GenerateRequest) -> None:
        """Queue a request. Raises InvalidRequest, QueueFull or Unavailable, and then keeps nothing of it."""
        self._check_serving()
        max_tokens = self._max_tokens(request)
        indices = sorted(request.resume) if request.resume else range(request.n)
        constraint = None if request.constraint is None else self._compile(request.constraint, bool(request.resume))
        sequences = [
            Sequence(
                request, index, max_tokens, self.tokenizer, None if constraint is None else constraint.state(max_tokens)
            )
            for index in indices
        ]
        if request.prompt_logprobs is not None:
            first, *others = sequences
            first.score_prompt()
            for other in others:
                other.after = first
        running = [sequence for sequence in sequences if sequence.finish_reason is None]
        with self._lock:
            self._check_serving()
            if request.request_id in self._open:
                raise InvalidRequest(f"Request {request.request_id} is running already.", param="request_id")
            if running:
                self._scheduler.add(running)
            self._open.add(request, sequences)
            self._lock.notify()

    def abort(self, request_id: str) -> None:
        """Drop a request wherever it is; its blocks are free before the next step. Unknown ids are ignored."""
        with self._lock:
            if request_id in self._open:
                self._aborts.setdefault(request_id, self._steps)
                self._lock.notify()

    def drain(self) -> None:
        """Refuse new requests from now on; running and waiting ones go on."""
        with self._lock:
            if self._state == "ready":
                self._state = "draining"

    def stop(self, timeout: float) -> None:
        """End the thread after its present step; requests that are open fail with Unavailable."""
        with self._lock:
            self._stopping = True
            self._lock.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)
        with self._compiler_lock:
            if self._compiler is not None:
                self._compiler.close()

    def snapshot(self) -> EngineSnapshot:
        """The engine's state at this moment; it never waits for a step."""
        device, dtype, kernel, quantization, invariant = self._facts or (None, None, None, None, None)
        scheduler = self._scheduler
        return EngineSnapshot(
            state=self._state,
            phase=self._phase,
            progress=self._progress,
            reason=self._reason,
            device=device,
            dtype=dtype,
            kernel=kernel,
            quantization=quantization,
            batch_invariant=invariant,
            model=self._model,
            running=len(scheduler.running),
            waiting=len(scheduler.waiting),
            max_running=self._settings.max_running,
            max_waiting=self._settings.max_waiting,
            block_tokens=BLOCK_TOKENS,
            blocks=scheduler.cache.pool.size,
            blocks_used=scheduler.cache.pool.used,
            working=self._working,
            beat_age_seconds=time.monotonic() - self._beat_at,
            longest_step_seconds=self._longest_step,
            steps=self._steps,
            finished=self._finished,
            aborted=self._aborted,
            abort_steps_max=self._abort_steps_max,
        )

    def _compile(self, constraint: Constraint, resumed: bool) -> CompiledConstraint:
        try:
            return self._started_compiler().compile(constraint)
        except (TooSlow, QueueFull) as error:
            if not resumed:
                raise
            # It was compiled when the answer began: another try, or another worker, may do it again.
            raise Unavailable(error.message) from error

    def _started_compiler(self) -> Compiler:
        with self._compiler_lock:
            self._check_serving()
            # Half a second for 65,536 tokens.
            self._compiler = self._compiler or Compiler(Vocabulary(self.tokenizer))
            return self._compiler

    def _start_compiler(self) -> None:
        """Ahead of the first constraint, which would have to wait for it. Where it fails, that one tries again and tells."""
        with contextlib.suppress(EngineError):
            self._started_compiler().start()

    def _check_serving(self) -> None:
        if self._state == "draining" or self._stopping:
            raise Unavailable("The engine is shutting down.", code="shutting_down")
        if self._state == "failed":
            raise Unavailable(f"The engine has failed: {self._reason}")
        if self._state != "ready":
            raise Unavailable("The model is still loading.", code="model_loading")

    def _max_tokens(self, request: GenerateRequest) -> int:
        """Tokens that each choice may generate. Raises InvalidRequest where they can't fit."""
        if self._model is None:
            raise Unavailable("The model is still loading.", code="model_loading")
        held = self._scheduler.cache.pool.size * BLOCK_TOKENS
        context = min(self._model.context_length, held)
        prompt, wanted = len(request.prompt_ids), request.params.max_tokens
        # A prompt without an answer may fill the context; the scheduler keeps room for a token in the cache all the same.
        room = min(self._model.context_length + (wanted == 0), held) - prompt
        if prompt == 0:
            raise InvalidRequest("The prompt is empty.", param="prompt_token_ids")
        if room < 1 or (wanted is not None and wanted > room):
            asked = f" and {wanted} tokens of answer" if wanted is not None else ""
            raise InvalidRequest(
                f"This model's context is {context} tokens; the prompt has {prompt}{asked}. Shorten the messages or max_tokens.",
                code="context_length_exceeded",
                param="messages",
            )
        most = min(DEFAULT_MAX_TOKENS, room) if wanted is None else wanted
        if request.params.min_tokens > most:
            raise InvalidRequest(
                f"min_tokens is {request.params.min_tokens}, but at most {most} tokens are generated: give max_tokens.",
                param="sampling.min_tokens",
            )
        return most

    def _beat(self) -> None:
        self._beat_at = time.monotonic()

    def _report(self, state: EngineState, phase: str, progress: float | None) -> None:
        self._state, self._phase, self._progress = state, phase, progress
        self._beat()

    def _run(self) -> None:
        try:
            self._load()
            while self._step():
                pass
        except BaseException as error:  # noqa: BLE001 - whatever it was, the process has to end
            self._state, self._reason = "failed", str(error)
            self._fail_open(InternalError("The engine failed while it computed this request."))
            self._on_fatal(error)
        else:
            self._fail_open(Unavailable("The engine is shutting down.", code="shutting_down"))

    def _fail_open(self, error: EngineError) -> None:
        with self._lock:
            events = self._open.fail_all(error)
        if events:
            self._publish(events)

    def _load(self) -> None:
        # Here, not above: importing torch takes seconds, and health has to answer meanwhile.
        from nanochat_engine.loading import load

        settings = self._settings
        loaded = load(settings, self._beat, self._report)
        self._runner, self._tokenizer, self._model = loaded.runner, loaded.tokenizer, loaded.info
        self._facts = (loaded.device, loaded.dtype, loaded.kernel, settings.quantization, loaded.batch_invariant)
        self._longest_step = loaded.longest_step_seconds
        # Whether a row's bits may depend on how it was computed: as part of which chunk of a prompt, or by decoding.
        free = loaded.row_exact or not loaded.batch_invariant
        self._scheduler = Scheduler(
            BlockManager(loaded.cache, reuse=settings.prefix_cache, reuse_generated=free),
            max_running=settings.max_running,
            max_waiting=settings.max_waiting,
            step_tokens=settings.step_tokens,
            chunk_multiple=_EXACT_CHUNK if loaded.row_exact else BLOCK_TOKENS,
            free_cuts=free,
            scored_rows=max(BLOCK_TOKENS, _MOST_SCORED_LOGITS // loaded.info.vocab_size),
        )
        self._on_loaded()
        self._report("ready", "serve", None)
        threading.Thread(target=self._start_compiler, name="compiler", daemon=True).start()

    def _step(self) -> bool:
        """Wait for work, take one step of it, publish. False once the engine stops."""
        runner = self._runner
        if runner is None:
            raise InternalError("The engine stepped before it had loaded.")
        with self._lock:
            self._working = False
            while self._scheduler.idle and not self._aborts and not self._stopping and not self._open.unannounced:
                self._lock.wait()
            if self._stopping:
                return False
            self._drop_aborted()
            events = self._open.take_openings()
            self._beat()
            self._working = True
            work = self._scheduler.schedule()
        if work:
            started = time.perf_counter()
            computed = runner.run(work)
            # A step that draws nothing may still be under way on the device.
            if computed.tokens or computed.prompt_logprobs:
                self._scheduler.observe(work, time.perf_counter() - started)
            with self._lock:
                settled = settle(self._scheduler, work, computed)
                self._steps += 1
                events += settled.prompts
                events += self._open.enter(settled.deltas)
                events += [self._break(request_id) for request_id in settled.broken if request_id in self._open]
        self._finished += self._open.take_finished()
        if events:
            self._publish(events)
        return True

    def _break(self, request_id: str) -> RequestFailed:
        """End one request whose tokens the weights turn into no number; the others are none the worse."""
        self._drop(request_id)
        _log.error("the model gave no number for a request's tokens", extra={"request_id": request_id})
        return RequestFailed(
            request_id,
            # A code of its own: another try would end the same way, and the worker is none the worse.
            InternalError(
                "The model gave no number (NaN) for these tokens: its weights are damaged.", code="damaged_model"
            ),
        )

    def _drop(self, request_id: str) -> None:
        for sequence in self._open.drop(request_id):
            self._scheduler.remove(sequence)

    def _drop_aborted(self) -> None:
        for request_id, step in self._aborts.items():
            if request_id in self._open:
                self._drop(request_id)
                self._aborted += 1
                self._abort_steps_max = max(self._abort_steps_max, self._steps - step)
        self._aborts.clear()
