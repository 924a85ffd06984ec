"""Constrained decoding: a constraint compiled where it can be stopped, a mask a token, and an end that fits max_tokens.

Knows vocabularies and constraints; must not know HTTP, sampling, torch or other requests. docs/adr/0008 says why llguidance.
"""
