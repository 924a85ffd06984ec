import { ConfigModule } from '@nestjs/config';
import { readSettings } from './read-settings.js';
import type { Settings } from './settings.js';

/** Settings of this process: `given`, beneath it its environment, beneath that the file `.env` of the working directory. */
export async function loadSettings(given: Readonly<Record<string, string>> = {}): Promise<Settings> {
  const read: Settings[] = [];
  await ConfigModule.forRoot({
    validate: (environment: Record<string, string>) => {
      read.push(readSettings({ ...environment, ...given }));
      return {}; // nothing is written back into process.env: children get settings.environment
    },
  });
  return read[0] as Settings;
}
