import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { helpText, usageOf } from '../../../src/cli/help.ts';
import { EXIT } from '../../../src/cli/report.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/reference/cli.md'), 'utf8');

/** What prints nothing of its own that a program would read, or says on a page of its own in which form. */
const WITHOUT = new Set(['up', 'compose', 'test', 'check', 'new']);

describe('each command', () => {
  for (const [name, { options, examples }] of COMMANDS) {
    it(`has examples and says how to have JSON: ${name}`, () => {
      assert.ok(examples.length > 0);
      assert.ok(examples.some((example) => example.includes(`./plugmesh ${name}`)));
      for (const example of examples) assert.ok(helpText(name).includes(example));
      assert.ok(WITHOUT.has(name) || options.includes('json'));
    });
  }

  it('has its row in the reference, with all that it takes', () => {
    const rows = [...page.matchAll(/^\| `(\w+ ?.*?)` +\| (.*?) +\|$/gm)].map(([, usage = '', summary]) => [
      usage.replaceAll('\\|', '|'),
      summary,
    ]);
    const expected = [...COMMANDS].map(([name, command]) => [usageOf(name, command), command.summary]);
    assert.deepEqual(rows.slice(0, expected.length), expected);
  });

  it('has its JSON in the reference', () => {
    const section = page.split('\n## ').find((each) => each.startsWith('As JSON')) ?? '';
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    const listed = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`(\w+)/g)].map(([, name]) => name),
    );
    const expected = [...COMMANDS.keys()].filter((name) => !WITHOUT.has(name));
    assert.deepEqual(listed.sort(), expected.sort());
  });

  it('ends with a code that the help and the reference name', () => {
    for (const code of Object.values(EXIT)) {
      assert.match(page, new RegExp(`^\\| ${code} +\\| `, 'm'));
      assert.match(helpText(), new RegExp(`Exit codes: .*\\b${code} `));
    }
  });
});
