// Reads how many tests passed and failed from the reports of jest and pytest. A suite that can't run counts as a failure.
import { readFileSync } from 'node:fs';

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
};

const atLeastOne = (passed, failed, status) => ({ passed, failed: status !== 0 && failed === 0 ? 1 : failed });

/** {passed, failed} of jest's --json report and its exit status. */
export function jestCounts(file, status) {
  const text = read(file);
  if (text === null) return { passed: 0, failed: 1 };
  const report = JSON.parse(text);
  return atLeastOne(report.numPassedTests, report.numFailedTests + report.numRuntimeErrorTestSuites, status);
}

/** {passed, failed} of pytest's JUnit report and its exit status. */
export function pytestCounts(file, status) {
  const suite = /<testsuite [^>]*>/.exec(read(file) ?? '')?.[0];
  if (!suite) return { passed: 0, failed: 1 };
  const number = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  return atLeastOne(number('tests') - failed - number('skipped'), failed, status);
}
