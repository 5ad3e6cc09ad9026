// steerdns token: makes a token for the admin API, and the line of the file that lets it in. The token is
// shown once; the file has its hash.
import { appendFileSync } from 'node:fs';
import { hashToken, makeToken, printToken, type Scope, scopes } from '../config/tokens.ts';
import { durationMs, word } from '../config/values.ts';
import { tokenLifeMaxMs } from '../limits.ts';
import { type Command, complain, EXIT, options, textOf } from './command.ts';

export const command: Command = {
  usage: 'NAME',
  options: {
    scope: { value: 'SCOPE', choices: scopes, what: 'read (default): look; operate: change things too' },
    'expires-in': { value: 'TIME', what: 'how long it is good, such as 90d; without it, for ever' },
    file: { value: 'PATH', what: 'append the line to this file and print the token alone' },
    json: options.json,
  },
  positionalsMin: 1,
  positionalsMax: 1,
  async run(values, [nameText = '']) {
    const name = word(nameText);
    const scope = textOf(values, 'scope') ?? 'read';
    const life = textOf(values, 'expires-in');
    const lifeMs = life === undefined ? undefined : durationMs(1000, tokenLifeMaxMs)(life);
    const fault =
      'wrong' in name
        ? `the name ${name.wrong}`
        : !scopes.includes(scope as Scope)
          ? `--scope is one of ${scopes.join(', ')}, not "${scope}"`
          : lifeMs !== undefined && 'wrong' in lifeMs
            ? `--expires-in ${lifeMs.wrong}`
            : undefined;
    if (fault !== undefined) {
      complain(fault);
      return EXIT.usage;
    }
    const token = makeToken();
    const until = lifeMs === undefined ? undefined : Date.now() + (lifeMs as { value: number }).value;
    const line = printToken({ name: nameText, scope: scope as Scope, hash: hashToken(token), until });
    const file = textOf(values, 'file');
    if (file !== undefined) appendFileSync(file, `${line}\n`, { mode: 0o600 });
    if (values.json === true) process.stdout.write(`${JSON.stringify({ token, line })}\n`);
    else process.stdout.write(file === undefined ? `${token}\n${line}\n` : `${token}\n`);
    return EXIT.done;
  },
};
