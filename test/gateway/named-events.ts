import { eventsOf } from './event-lines.js';

export interface NamedEvent {
  name: string;
  data: Record<string, unknown> & { type: string };
}

/** The events of a stream whose events have names, comments left out; fails where a name and the type in its data differ. */
export function namedEventsOf(text: string): NamedEvent[] {
  const events = eventsOf(text).filter((event) => !event.startsWith(':'));
  return events.map((event) => {
    const [, name, json] = /^event: ([a-z_.]+)\ndata: (.*)$/.exec(event) ?? [];
    if (name === undefined || json === undefined) throw new Error(`not an event of two lines: ${event}`);
    const data = JSON.parse(json) as NamedEvent['data'];
    if (data.type !== name) throw new Error(`an event named ${name} has the type ${data.type}`);
    return { name, data };
  });
}
