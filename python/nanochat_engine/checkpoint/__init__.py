"""Finds, recognises and reads checkpoints of every generation. It trusts nothing that it reads, and knows no serving."""
