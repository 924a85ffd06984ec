// What `npm run conformance` was asked for.
import { parseArgs } from 'node:util';

const HELP = `npm run conformance [-- OPTIONS]: real clients and suites against the built server; writes docs/conformance.md.

  --only NAME,NAME   these suites; the others keep their rows
  --cases N          cases of schemathesis and its like, at least (20000, the record's)
  --schemas N        random schemas (200, the record's)
  --no-record        print the table and leave docs/conformance.md and README.md alone
  --list             the suites' names`;

/** Leaves with a message on a wrong one. `names` are the suites there are. */
export function readOptions(args, names) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        only: { type: 'string' },
        cases: { type: 'string', default: '20000' },
        schemas: { type: 'string', default: '200' },
        'no-record': { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help || values.list) leave(values.help ? HELP : names.join('\n'));
    const only = values.only === undefined ? names : values.only.split(',');
    const unknown = only.find((name) => !names.includes(name));
    if (unknown !== undefined) throw new Error(`There is no suite '${unknown}': ${names.join(', ')}.`);
    return {
      only,
      record: !values['no-record'],
      cases: count('cases', values.cases),
      schemas: count('schemas', values.schemas),
    };
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(2);
  }
}

function leave(text) {
  console.log(text);
  process.exit(0);
}

function count(name, text) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1e7) return value;
  throw new Error(`--${name} must be a whole number from 1 to 10000000, not '${text}'.`);
}
