/** The environment can't be used; the message names every wrong setting at once, one a line. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';

  constructor(readonly problems: readonly string[]) {
    super(
      problems.length === 1
        ? `Wrong setting: ${problems[0]}`
        : ['Wrong settings:', ...problems.map((problem) => `  ${problem}`)].join('\n'),
    );
  }
}
