// The table "client or suite: passed of total, reasons", in docs/conformance.md and in README.md.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/root.mjs';

const RESULTS = join(root, 'test', 'conformance', 'results.json');
const PAGE = join(root, 'docs', 'conformance.md');
const BEGIN = '<!-- conformance -->';
const END = '<!-- /conformance -->';
const HEAD = ['| client or suite | passed of total | reasons and figures |', '|---|---:|---|'];

/** One suite's row of the table, with what its checks told. */
export function rowOf(title, checks) {
  const failed = checks.filter(({ ok }) => !ok);
  const reasons = failed.map(({ check, reason }) => `${check}: ${reason}`);
  const notes = checks.flatMap(({ note }) => (note ? [note] : []));
  return {
    title,
    passed: checks.length - failed.length,
    total: checks.length,
    says: [...reasons, ...notes].map(cell).join('; '),
    checks: checks.map(({ check, ok, reason }) => ({ check, ok, ...(ok ? {} : { reason: cell(reason ?? '') }) })),
  };
}

/** Markdown of some rows. */
export const table = (rows) =>
  [
    ...HEAD,
    ...Object.values(rows).map(({ title, passed, total, says }) => `| ${title} | ${passed} of ${total} | ${says} |`),
  ].join('\n');

/** Keeps the rows beside those of suites that did not run, and writes the page and README's table from all. */
export function record(rows, names) {
  const all = { ...kept(), ...withCommit(rows) };
  const ordered = Object.fromEntries(names.filter((name) => name in all).map((name) => [name, all[name]]));
  writeFileSync(RESULTS, `${JSON.stringify(ordered, null, 2)}\n`);
  writeFileSync(PAGE, page(ordered));
  const readme = join(root, 'README.md');
  const text = readFileSync(readme, 'utf8');
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) return;
  writeFileSync(readme, `${text.slice(0, from + BEGIN.length)}\n\n${table(ordered)}\n\n${text.slice(to)}`);
}

function withCommit(rows) {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const commit = git('rev-parse', '--short', 'HEAD');
  const date = new Date().toISOString().slice(0, 10);
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { ...row, commit, date }]));
}

function kept() {
  return existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {};
}

function page(rows) {
  const lists = Object.values(rows).flatMap(({ title, commit, date, checks }) => [
    `## ${title}`,
    '',
    `At ${commit}, ${date}.`,
    '',
    ...checks.map(({ check, ok, reason }) => (ok ? `- ${check}` : `- **failed**: ${check}: ${reason}`)),
    '',
  ]);
  return [
    '# Conformance',
    '',
    'Real clients and suites against the built server. Written by `npm run conformance`, which says what it installs into folders',
    'of its own on first use; `--only NAME` runs one suite, `--list` names them, `--cases N` is the number of schemathesis cases.',
    'Good calls, helpers and refusals are made on the embedded model; faults in mid-stream and scripted texts on the fake engine.',
    '',
    table(rows),
    '',
    ...lists,
  ].join('\n');
}

const cell = (text) => String(text).replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').slice(0, 300);
