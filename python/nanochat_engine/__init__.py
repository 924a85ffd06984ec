"""The nanochat engine: one model on one device, served over loopback HTTP."""

__version__ = "0.1.0"
