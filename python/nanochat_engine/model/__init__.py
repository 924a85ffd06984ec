"""The forward pass as plain mathematics. It knows no serving: no requests, no HTTP, no files."""
