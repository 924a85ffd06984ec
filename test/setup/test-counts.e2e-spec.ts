import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jestCounts, pytestCounts } from '../../scripts/test-counts.mjs';
import { SmallProject } from './small-project.js';

let project: SmallProject;
beforeEach(() => {
  project = new SmallProject();
});
afterEach(() => project.remove());

const suite = (attributes: string): string =>
  project.write(
    'pytest.xml',
    `<?xml version="1.0"?><testsuites name="pytest"><testsuite name="pytest" ${attributes}></testsuite></testsuites>`,
  );

describe('the last line of npm test', () => {
  it("adds up pytest's tests, and counts errors as failures and skipped ones not at all", () => {
    const report = suite('errors="1" failures="2" skipped="3" tests="20" time="1.0"');
    expect(pytestCounts(report, 1)).toEqual({ passed: 14, failed: 3 });
  });

  it('takes a suite that ended badly without a failed test for a failure', () => {
    expect(pytestCounts(suite('errors="0" failures="0" skipped="0" tests="4"'), 3)).toEqual({ passed: 4, failed: 1 });
    expect(pytestCounts('no-such-report', 4)).toEqual({ passed: 0, failed: 1 });
    expect(jestCounts('no-such-report', 1)).toEqual({ passed: 0, failed: 1 });
  });

  it("counts a file that jest can't run as a failure", () => {
    const report = project.write(
      'jest.json',
      '{"numPassedTests": 5, "numFailedTests": 1, "numRuntimeErrorTestSuites": 2}',
    );
    expect(jestCounts(report, 1)).toEqual({ passed: 5, failed: 3 });
  });
});
