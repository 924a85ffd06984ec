"""Answers through a server's `/v1/chat/completions`, at the server's own defaults of sampling."""

from __future__ import annotations

import json
import os
import urllib.request


class RemoteModel:
    """One OpenAI-compatible endpoint; the key, if one is needed, comes from NANOCHAT_API_KEY."""

    def __init__(self, base_url: str, model: str) -> None:
        self.url = base_url.rstrip("/").removesuffix("/v1") + "/v1/chat/completions"
        self.model = model
        self.headers = {"Content-Type": "application/json"}
        if key := os.environ.get("NANOCHAT_API_KEY"):
            self.headers["Authorization"] = f"Bearer {key}"

    def answer(self, messages: list[dict[str, str]], seed: int, max_tokens: int) -> tuple[str, str]:
        """The visible text and the finish reason."""
        body = {"model": self.model, "messages": messages, "seed": seed, "max_tokens": max_tokens, "temperature": 0.7}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), self.headers)
        with urllib.request.urlopen(request, timeout=300) as response:
            choice = json.load(response)["choices"][0]
        return choice["message"]["content"] or "", choice["finish_reason"]
