import { Logger } from '@nestjs/common';
import { loadSettings } from '../config/load-settings.js';
import { SettingsError } from '../config/settings-error.js';
import { ModelError } from '../model-manager/model-error.js';
import { info } from './info.js';
import { list } from './list.js';
import { pull } from './pull.js';
import { remove } from './remove.js';
import { verify } from './verify.js';

const USAGE = `Usage: npm run model -- COMMAND
  list         the models on this machine
  pull NAME    download a model of the Hub (owner/name or owner/name@revision); prints its folder
  verify NAME  compare every file with its checksum
  info NAME    generation, parameters, context, vocabulary, size, memory
  remove NAME  take a model out of the Hub's cache
NAME may be what MODEL may be: "embedded", a folder, or a repository of the Hub. Settings are read as by the server.`;

const COMMANDS = { pull, verify, info, remove };

/** Returns the exit code: 0 done, 1 failed, 2 asked wrongly. */
async function main([command = '', name = '', ...more]: readonly string[]): Promise<number> {
  Logger.overrideLogger(false);
  if (command === 'list' && name === '') return list(await loadSettings());
  const run = Object.hasOwn(COMMANDS, command) ? COMMANDS[command as keyof typeof COMMANDS] : null;
  if (run === null || name === '' || more.length > 0) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  return run(await loadSettings({ MODEL: name }));
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (failure: unknown) => {
    const expected = failure instanceof SettingsError || failure instanceof ModelError;
    process.stderr.write(`${expected ? failure.message : String((failure as Error).stack ?? failure)}\n`);
    process.exit(1);
  },
);
