import { validateSync } from 'class-validator';
import { SettingsError } from './settings-error.js';
import { Settings } from './settings.js';
import { settingVariables } from './variable.decorator.js';

/** What no message may show. */
const SECRET = /TOKEN$|^API_KEYS$|_API_KEY$|^REDIS_URL$|^ENGINE_URLS$|_HEADERS$/;

/** Builds Settings from an environment; an empty variable counts as absent. Throws SettingsError naming every problem. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const settings = new Settings();
  for (const [field, { name, parse }] of settingVariables) {
    const text = environment[name]?.trim();
    if (text) Object.assign(settings, { [field]: parse(text) });
  }
  const problems = validateSync(settings).map((error) => {
    const name = settingVariables.get(error.property)?.name ?? error.property;
    const broken = error.constraints ?? {};
    // What is no number at all is also out of bounds: tell the first cause.
    const cause = broken['isInt'] ?? broken['isNumber'] ?? Object.values(broken)[0];
    return `${name}=${SECRET.test(name) ? '(hidden)' : environment[name]} ${cause}`;
  });
  if (problems.length > 0) throw new SettingsError(problems);
  const given = Object.entries(environment).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  Object.assign(settings, { environment: Object.freeze(Object.fromEntries(given)) });
  return Object.freeze(settings);
}
