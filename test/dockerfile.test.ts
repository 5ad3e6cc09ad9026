// packages/Dockerfile without an engine: what it copies is there and not ignored, what it runs is a
// command of ours or a script of package.json, and nothing runs as root.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseArguments } from '../src/cli/command.ts';
import { commands } from '../src/cli/commands.ts';
import { resolvePaths } from '../src/paths.ts';
import { root } from './build.ts';

type Instruction = { readonly verb: string; readonly rest: string };

const text = readFileSync(join(root, 'packages/Dockerfile'), 'utf8');
const instructions = text
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line !== '')
  .map((line): Instruction => {
    const [, verb, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? assert.fail(`what is "${line}"?`);
    return { verb: verb!, rest: rest!.replaceAll(/ +/g, ' ') };
  });
const all = (wanted: string): string[] =>
  instructions.filter(({ verb }) => verb === wanted).map(({ rest }) => rest);
const last = (wanted: string): string => all(wanted).at(-1) ?? assert.fail(`no ${wanted}`);

const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  bin: { steerdns: string };
  engines: { node: string };
};

describe('the Dockerfile', () => {
  it('copies what is there and what its first stage has made', () => {
    const ignore = readFileSync(join(root, 'packages/Dockerfile.dockerignore'), 'utf8').split('\n');
    const made = ['/build/node_modules', '/build/dist'];
    let seen = 0;
    for (const copy of all('COPY')) {
      const words = copy.split(' ').filter((word) => !word.startsWith('--'));
      for (const source of words.slice(0, -1)) {
        seen += 1;
        if (copy.startsWith('--from=build ')) assert.ok(made.includes(source), copy);
        else {
          assert.ok(existsSync(join(root, source)), `${source} is not there`);
          assert.ok(ignore.includes(`!${source}`), `${source} is ignored`);
        }
      }
    }
    assert.ok(seen >= 9);
    const allowed = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    for (const path of allowed) assert.ok(text.includes(` ${path} `), `${path} is not copied`);
  });

  it('builds by the scripts of package.json, for a Node that it may run on', () => {
    for (const run of all('RUN')) {
      for (const [, script] of run.matchAll(/npm run (\S+)/g)) {
        assert.ok(script! in packageJson.scripts, script);
      }
    }
    const least = Number(/(\d+)/.exec(packageJson.engines.node)?.[1]);
    for (const from of all('FROM')) assert.ok(Number(/^node:(\d+)-/.exec(from)?.[1]) >= least, from);
    const program = `${last('WORKDIR')}/${packageJson.bin.steerdns}`;
    assert.ok(all('RUN').some((run) => run.includes(`ln -s ${program} /usr/local/bin/steerdns`)));
  });

  it('runs commands that there are, with flags that they have', async () => {
    const run = [...(JSON.parse(last('ENTRYPOINT')) as string[]), ...(JSON.parse(last('CMD')) as string[])];
    const health = JSON.parse(last('HEALTHCHECK').replace(/^.*? CMD /, '')) as string[];
    for (const [program, verb, ...args] of [run, health]) {
      assert.equal(program, 'steerdns');
      const row = commands[verb!] ?? assert.fail(`there is no command ${verb}`);
      assert.ok(!('fault' in parseArguments((await row.load()).command, args)), verb);
    }
  });

  it('is nobody in particular, with folders of its own', () => {
    const verbs = instructions.map(({ verb }) => verb);
    const user = verbs.lastIndexOf('USER');
    assert.equal(last('USER'), 'steerdns');
    assert.ok(user > verbs.lastIndexOf('RUN') && user < verbs.lastIndexOf('ENTRYPOINT'));
    const environment = Object.fromEntries(
      last('ENV')
        .split(' ')
        .map((pair) => pair.split('=')),
    ) as Record<string, string>;
    const paths = resolvePaths({}, environment, 953);
    const made = all('RUN').find((run) => run.includes('install -d'))!;
    for (const path of [paths.configDir, paths.stateDir, paths.runDir])
      assert.ok(made.includes(` ${path}`), path);
    assert.equal(last('VOLUME'), paths.stateDir);
    assert.deepEqual(last('EXPOSE').split(' '), ['53/udp', '53/tcp']);
  });
});
