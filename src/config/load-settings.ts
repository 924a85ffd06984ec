import { ConfigModule } from '@nestjs/config';
import { readSettings } from './read-settings.js';
import type { Settings } from './settings.js';

/** Settings of this process: its environment, and beneath it the file `.env` of the working directory. */
export async function loadSettings(): Promise<Settings> {
  const read: Settings[] = [];
  await ConfigModule.forRoot({
    validate: (environment: Record<string, string>) => {
      read.push(readSettings(environment));
      return {}; // nothing is written back into process.env: children get settings.environment
    },
  });
  return read[0] as Settings;
}
