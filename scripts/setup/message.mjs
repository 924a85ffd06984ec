// What set-up tells the user, and how it leaves when it can't go on.

/** A problem whose message says what to do; it needs no stack trace. */
export class SetupError extends Error {}

/** The user pressed Ctrl-C, or the process was asked to stop. */
export class Interrupted extends Error {
  constructor(signal) {
    super('Set-up was interrupted; nothing is half-made. Run it again to go on.');
    this.exitCode = signal === 'SIGTERM' ? 143 : 130;
  }
}

export const say = (line) => console.log(`Set-up: ${line}`);

export function leaveWith(error) {
  if (error instanceof Interrupted) {
    console.error(`\n${error.message}`);
    process.exit(error.exitCode);
  }
  console.error(error instanceof SetupError ? `\n${error.message}` : error);
  process.exit(1);
}

const UNITS = [
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
];

/** 190300000 is '190 MB', 2900000000 is '2.9 GB'. */
export function readable(bytes) {
  const [unit, name] = UNITS.find(([size]) => bytes >= size) ?? [1, 'bytes'];
  const amount = bytes / unit;
  return `${amount < 10 && unit > 1e6 ? amount.toFixed(1) : Math.round(amount)} ${name}`;
}
