"""Measures the engine and the gateway beside their peers: `npm run bench`, README.md. Nothing imports it."""
