"""Programs that run in a process of their own, so that their threads and memory don't meet the driver's: worker.py."""
