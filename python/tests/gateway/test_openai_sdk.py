"""The official Python SDK through the whole server: the built gateway, the real engine, the embedded model."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

ROOT = Path(__file__).resolve().parents[3]
DEADLINE = 120.0
HELLO: list[Any] = [{"role": "user", "content": "Hello!"}]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def gateway_process(log: Path, waits_for: str, status: int, **settings: str) -> Iterator[str]:
    """The address of a gateway whose probe `waits_for` has answered with `status`; it has to leave with 0."""
    port = free_port()
    own_node = ROOT / "node_modules" / "node" / "bin" / "node"
    environment = {**os.environ, "PORT": str(port), "ENGINE_PORT": str(free_port()), "NODE_OPTIONS": "", **settings}
    with log.open("w") as output:
        command = [str(own_node) if own_node.exists() else "node", "dist/main.js"]
        gateway = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            wait_until(f"http://127.0.0.1:{port}{waits_for}", status, gateway, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            gateway.terminate()
            assert gateway.wait(DEADLINE) == 0, log.read_text()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with gateway_process(tmp_path_factory.mktemp("gateway") / "log", "/health/ready", 200) as address:
        yield address


def wait_until(url: str, status: int, gateway: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end and gateway.poll() is None:
        try:
            if httpx.get(url).status_code == status:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail(log.read_text())


@pytest.fixture
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{address}/v1", api_key="none", max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


def test_an_answer_has_text_a_finish_reason_and_usage(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="nanochat", messages=HELLO, temperature=0)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_a_stream_gives_the_text_of_the_same_seed_and_its_usage_last(client: openai.OpenAI) -> None:
    request: dict[str, Any] = {"model": "nanochat", "messages": HELLO, "seed": 3, "temperature": 0}
    chunks = list(client.chat.completions.create(**request, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == client.chat.completions.create(**request).choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None


def test_the_stream_helper_assembles_the_same_message(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="nanochat", messages=HELLO, temperature=0) as stream:
        for _ in stream:
            pass
        final = stream.get_final_completion()
    assert final.choices[0].finish_reason == "stop"
    assert final.choices[0].message.content


def test_a_stop_string_is_not_part_of_the_text(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="nanochat", messages=HELLO, temperature=0).choices[0].message.content
    assert whole is not None
    stop = whole[3:6]
    cut = client.chat.completions.create(model="nanochat", messages=HELLO, temperature=0, stop=[stop])
    assert cut.choices[0].message.content == whole[: whole.index(stop)]


def test_a_stream_that_is_closed_leaves_the_server_serving(client: openai.OpenAI) -> None:
    long: Any = [{"role": "user", "content": "Tell me a long story."}]
    with client.chat.completions.create(model="nanochat", messages=long, stream=True, max_tokens=900) as stream:
        next(iter(stream))
    assert client.chat.completions.create(model="nanochat", messages=HELLO, max_tokens=2).choices


@pytest.mark.parametrize(
    ("changes", "error", "code", "param"),
    [
        ({"temperature": 3}, openai.BadRequestError, None, "temperature"),
        ({"messages": []}, openai.BadRequestError, None, "messages"),
        ({"messages": [{"role": "wizard", "content": "hi"}]}, openai.BadRequestError, None, "messages[0].role"),
        ({"modalities": ["audio"]}, openai.BadRequestError, "unsupported_parameter", "modalities"),
        ({"model": "gpt-4o"}, openai.NotFoundError, "model_not_found", "model"),
        ({"messages": [{"role": "user", "content": "x" * 2**20}]}, openai.APIStatusError, None, None),
    ],
)
def test_a_refusal_has_its_class_its_code_and_its_param(
    client: openai.OpenAI,
    changes: dict[str, Any],
    error: type[openai.APIStatusError],
    code: str | None,
    param: str | None,
) -> None:
    request: dict[str, Any] = {"model": "nanochat", "messages": HELLO, **changes}
    with pytest.raises(error) as caught:
        client.chat.completions.create(**request)
    assert caught.value.param == param
    assert code is None or caught.value.code == code
    assert caught.value.status_code == (413 if error is openai.APIStatusError else caught.value.status_code)


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert "nanochat" in [model.id for model in client.models.list()]


def test_an_unknown_route_is_a_not_found_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="nanochat", input="hi")


def test_a_server_without_a_model_refuses_with_503(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with gateway_process(tmp_path / "log", "/health/live", 503, MODEL=f"{missing}/") as address:
        client = openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)
        with pytest.raises(openai.InternalServerError) as caught:
            client.chat.completions.create(model="nanochat", messages=HELLO)
        assert (caught.value.status_code, caught.value.code) == (503, "engine_unavailable")
        # What a client need not know is in the probe.
        assert str(missing) not in caught.value.message
        assert str(missing) in httpx.get(f"{address}/health/ready").text
