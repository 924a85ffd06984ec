/** The model can't be served, and trying again would not mend it; the message names the file or the setting. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}
