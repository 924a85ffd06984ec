"""HTTP on top of the engine: schemas, routes, errors, and the bridge between its thread and asyncio. No torch at import."""
