"""The process around the engine: its parent, its logs, its port, its signals and its exit. It knows no tokens and no routes."""
