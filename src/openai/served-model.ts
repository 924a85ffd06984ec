/** Always names the model that is served, whichever it is. */
export const MODEL_ALIAS = 'nanochat';

/** As much of a worker's status as tells its model; the rooms above know the rest. */
interface Serving {
  engine: { model: { id: string | null } | null } | null;
}

/** The served model's own id, from the first worker that knows it; null before one has loaded it. */
export function servedModelId(workers: readonly Serving[]): string | null {
  for (const { engine } of workers) if (engine?.model?.id) return engine.model.id;
  return null;
}
