// Completions and the man page: every verb and flag of the table is in them, the shells and groff read them
// without a word, and bash and fish offer what was meant.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { describeCommands } from '../../src/cli/commands.ts';
import { completionScript } from '../../src/cli/completion.ts';
import { manPage } from '../../src/cli/man.ts';
import { missing } from '../tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'steerdns-completion-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const all = await describeCommands();
const shells = ['bash', 'zsh', 'fish'] as const;
const paths = new Map(shells.map((shell) => [shell, join(folder, `steerdns.${shell}`)]));

/** What a command prints; it must end well and complain of nothing. */
function quiet(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  assert.equal(stderr, '', `${program} ${args.join(' ')}`);
  assert.equal(status, 0, `${program} ${args.join(' ')}`);
  return stdout;
}

describe('completions', () => {
  before(() => {
    for (const [shell, path] of paths) writeFileSync(path, completionScript(shell, all));
  });

  for (const shell of shells) {
    it(`${shell}: every verb, and every flag behind its verb`, () => {
      const script = completionScript(shell, all);
      const begins = { bash: '    VERB) ', zsh: '    VERB)\n', fish: "_from VERB'" }[shell];
      for (const { verb, command } of all) {
        const from = script.indexOf(begins.replace('VERB', verb));
        assert.ok(from > 0 || Object.keys(command.options).length === 0, `${shell} ${verb}`);
        for (const flag of Object.keys(command.options)) {
          const wanted = shell === 'fish' ? `-l ${flag} ` : `--${flag}`;
          assert.ok(script.indexOf(wanted, from) > from, `${shell} ${verb} --${flag}`);
        }
      }
    });
    const skip = shell === 'bash' ? false : missing(shell);
    it(`${shell} -n finds nothing to say`, { skip }, () => {
      assert.equal(quiet(shell, '-n', paths.get(shell)!), '');
    });
  }

  const bash = (line: readonly string[]): string[] => {
    const script = [
      `source ${paths.get('bash')}`,
      `COMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')})`,
      `COMP_CWORD=${line.length - 1}`,
      '_steerdns',
      `printf "%s\\n" "\${COMPREPLY[@]}"`,
    ];
    return quiet('bash', '--norc', '-c', script.join('\n')).trim().split('\n');
  };
  const fish = (line: readonly string[]): string[] =>
    quiet('fish', '--no-config', '-c', `source ${paths.get('fish')}; complete -C '${line.join(' ')}'`)
      .trim()
      .split('\n')
      .map((row) => row.split('\t')[0]!);

  const offers: readonly (readonly [line: readonly string[], offered: readonly string[]])[] = [
    [['steerdns', 'statu'], ['status']],
    [['steerdns', 'serve', '--eng'], ['--engine']],
    [['steerdns', 'serve', '--engine', 'd'], ['dgram']],
    [['steerdns', 'lab', 'kil'], ['kill']],
    [['steerdns', 'completion', 'z'], ['zsh']],
    [['steerdns', 'help', 'relo'], ['reload']],
    [['steerdns', 'check', '/us'], ['/usr']],
  ];
  for (const [line, offered] of offers) {
    it(`${line.join(' ')}: ${offered}`, () => assert.deepEqual(bash(line), offered));
    it(`${line.join(' ')}: ${offered}, in fish`, { skip: missing('fish') }, () => {
      assert.deepEqual(
        fish(line).map((word) => word.replace(/\/$/, '')),
        offered,
      );
    });
  }

  it('zsh takes it as the completion of steerdns', { skip: missing('zsh') }, () => {
    const script = `autoload -U compinit; compinit -D; source ${paths.get('zsh')}; print $_comps[steerdns]`;
    assert.equal(quiet('zsh', '-fc', script), '_steerdns\n');
  });
});

describe('the man page', () => {
  const page = manPage(all);
  it('has every verb and flag, and what they do', () => {
    for (const { verb, command } of all) {
      const section = page.split('\n.SS ').find((text) => text.startsWith(`\\fB${verb}\\fR`));
      assert.ok(section !== undefined, verb);
      for (const flag of Object.keys(command.options)) {
        assert.ok(section.includes(`\\fB\\-\\-${flag.replaceAll('-', '\\-')}\\fR`), `${verb} --${flag}`);
      }
    }
  });

  it('is read by groff without a warning', { skip: missing('groff') }, () => {
    const path = join(folder, 'steerdns.8');
    writeFileSync(path, page);
    assert.equal(quiet('groff', '-ww', '-man', '-z', path), '');
    assert.match(quiet('groff', '-man', '-Tascii', '-P-c', path), /steerdns - authoritative DNS server/);
  });
});
