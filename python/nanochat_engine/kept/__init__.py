"""What is kept on disk between starts, so that the next one is fast: converted copies of checkpoints, and measurements.

All of it can be deleted at any time, and no failure here is worse than a slower start.
"""
