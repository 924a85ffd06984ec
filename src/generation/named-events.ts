/** Server-sent events that are named by their type, as several dialects have them: gathered until they are taken. */
export class NamedEvents {
  private encoded = '';

  /** An event as it is now: what it tells of goes on changing. */
  readonly add = (type: string, fields: object): void => {
    this.encoded += namedEvent(type, { type, ...fields });
  };

  /** What has come since the last time. */
  taken(): string {
    const { encoded } = this;
    this.encoded = '';
    return encoded;
  }
}

export const namedEvent = (type: string, data: object): string => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
