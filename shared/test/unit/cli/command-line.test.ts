import assert from 'node:assert/strict';
import { parseCommandLine } from '../../../src/cli/command-line.ts';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { EVERYWHERE, OPTIONS } from '../../../src/cli/options.ts';

const usage =
  (message: string, fix: string | RegExp) => (error: { code?: string; message: string; fix?: string }) => {
    assert.equal(error.code, 'MESH_USAGE');
    assert.equal(error.message, message);
    assert.match(error.fix ?? '', new RegExp(fix));
    return true;
  };

describe('a command line', () => {
  it('has only options of its command, and is told the nearest', () => {
    const refused: [string[], string, string][] = [
      [
        ['sub', '--durable'],
        "'sub' has no option '--durable'",
        'it has --lines, --json, --config, --help, --yes',
      ],
      [['down', '-f'], "'down' has no option '-f'", 'it has --json'],
      [['call', 'a', '--headr', 'a: b'], "'call' has no option '--headr'", "did you mean '--header'"],
      [['call', 'a', '--kee=secret'], "'call' has no option '--kee'", "did you mean '--key'"],
      [['compose', '--json'], "'compose' has no option '--json'", 'it has --config'],
      [['check', 'x', '--levl', '2'], "'check' has no option '--levl'", "did you mean '--level'"],
    ];
    for (const [args, message, fix] of refused) {
      assert.throws(() => parseCommandLine(args), usage(message, fix), args.join(' '));
    }
  });

  it('has as many operands as its command takes', () => {
    const refused: [string[], string][] = [
      [['down', 'weather'], "'down' takes no operand, not 'weather'"],
      [['disable'], "'disable' takes PLUGIN, not nothing"],
      [['disable', 'a', 'b'], "'disable' takes PLUGIN, not 'a b'"],
      [['reload'], "'reload' takes PLUGIN…, not nothing"],
      [['pub', 'a'], "'pub' takes TOPIC EVENT [PAYLOAD], not 'a'"],
      [['token', 'a', 'b'], "'token' takes [PLUGIN], not 'a b'"],
    ];
    for (const [args, message] of refused) {
      assert.throws(() => parseCommandLine(args), usage(message, `plugmesh ${args[0]} --help`), message);
    }
    assert.deepEqual(parseCommandLine(['reload', 'a', 'b']).operands, ['a', 'b']);
    assert.equal(parseCommandLine(['disable', '--help']).options.help, true);
  });

  it('takes behind two dashes what looks like an option', () => {
    assert.deepEqual(parseCommandLine(['call', 'a', '--', '--json']).operands, ['a', '--json']);
  });

  it('has no option that no command takes', () => {
    const taken = new Set([...EVERYWHERE, ...[...COMMANDS.values()].flatMap(({ options }) => options)]);
    assert.deepEqual(
      Object.keys(OPTIONS).filter((name) => !taken.has(name as keyof typeof OPTIONS)),
      [],
    );
  });
});
