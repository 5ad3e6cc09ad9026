// Does what README.md says, in order and in one clean clone of the project, then what docs/operations.md
// says: what they say must work. What a block wants stands in a comment above it, see test/readme.ts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { root } from '../build.ts';
import { Clone } from '../clone.ts';
import { readBlocks } from '../readme.ts';
import { missing } from '../tools.ts';

describe('the blocks of a README', () => {
  const fenced = (comment: string, body = 'true', language = 'sh'): string =>
    `Text\n${comment}\n\`\`\`${language}\n${body}\n\`\`\`\n`;

  it('are found with what they want', () => {
    const text = [
      fenced(''),
      fenced('', 'a: 1', 'yaml'),
      fenced('<!-- file: a/b.yaml -->', 'a: 1\nb: 2', 'yaml'),
      fenced('<!-- daemon -->', 'steerdns serve'),
      fenced('<!-- skip: it is the parent -->'),
    ];
    assert.deepEqual(readBlocks(text.join('')), [
      { line: 3, text: 'true', kind: 'run', argument: '' },
      { line: 13, text: 'a: 1\nb: 2', kind: 'file', argument: 'a/b.yaml' },
      { line: 19, text: 'steerdns serve', kind: 'daemon', argument: '' },
      { line: 24, text: 'true', kind: 'skip', argument: 'it is the parent' },
    ]);
  });

  it('are refused where a comment is not understood', () => {
    for (const comment of [
      '<!-- deamon -->',
      '<!-- skip -->',
      '<!-- lab: x -->',
      '<!--skip: x-->',
      '<!-- run -->',
    ])
      assert.throws(() => readBlocks(fenced(comment)), /^Error: line 2: /);
    assert.throws(() => readBlocks(fenced('<!-- background -->', '', 'yaml')), /does not fit/);
    assert.throws(() => readBlocks('```sh\ntrue\n'), /line 1: a fence without an end/);
  });

  it('fail where a command fails', async () => {
    const clone = new Clone();
    const run = (body: string) => clone.take(readBlocks(fenced('', body))[0]!);
    try {
      await assert.rejects(run('false\ntrue'), /README.md:3: exit 1/);
      await assert.rejects(run('false | true'), /README.md:3: exit 1/);
      await clone.take(readBlocks(fenced('<!-- file: site/x.txt -->', 'x', 'text'))[0]!);
      await run('grep -q ^x$ site/x.txt\ntest -f zones/site.example.zone\ntest ! -e node_modules');
    } finally {
      await clone.remove();
    }
  });
});

const pages = ['README.md', 'docs/operations.md'];

describe('what is written', { timeout: 170_000 }, () => {
  let clone: Clone;
  before(async () => {
    clone = new Clone();
    await clone.install();
  });
  after(() => clone?.remove());

  for (const page of pages) {
    const blocks = readBlocks(readFileSync(join(root, page), 'utf8'));
    for (const block of blocks) {
      if (block.kind === 'skip') continue;
      const what = block.kind === 'file' ? block.argument : block.text.split('\n')[0];
      const wants = ['dig', 'curl'].filter((tool) => new RegExp(`\\b${tool}\\b`).test(block.text));
      const skip = wants.map((tool) => missing(tool)).find((one) => one !== false) ?? false;
      it(`${page}:${block.line}: ${what}`, { skip }, () => clone.take(block, page));
    }

    it(`${page} has commands`, () => assert.ok(blocks.some(({ kind }) => kind === 'run')));
  }

  it('lists every command', () => {
    const text = readFileSync(join(root, 'README.md'), 'utf8');
    const table = text.slice(text.indexOf('\n## Commands\n'), text.indexOf('\n## YAML reference\n'));
    const named = [...table.matchAll(/^\| (.*?) \| /gm)].flatMap(([, cell]) => cell!.match(/[a-z]+/g) ?? []);
    for (const verb of Object.keys(commands)) assert.ok(named.includes(verb), verb);
  });

  it('shows the lab', () => {
    const text = readFileSync(join(root, pages[0]!), 'utf8');
    assert.ok(readBlocks(text).some(({ kind }) => kind === 'lab'));
  });
});
