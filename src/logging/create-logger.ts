import type { Settings } from '../config/settings.js';
import { asJson, asPretty } from './format-line.js';
import { LineLogger } from './line-logger.js';

/** JSON for machines, and lines to read when somebody sits at a terminal. */
export function createLogger(settings: Settings, output: NodeJS.WriteStream = process.stdout): LineLogger {
  output.on('error', () => {}); // whoever read the log is gone; the server is not
  const pretty = settings.logFormat === 'pretty' || (settings.logFormat === 'auto' && output.isTTY);
  return new LineLogger({
    level: settings.logLevel,
    format: pretty ? asPretty : asJson,
    // At a terminal a progress bar may stand where the line goes.
    write: (text) => void output.write(output.isTTY ? `\u001b[K${text}` : text),
  });
}
