// `steerdns lab kill web2` from another terminal: the lab's own little socket, and the command that talks to
// it. The same HTTP as the daemon's control socket, on a path that follows from the user.
import type { Server } from 'node:http';
import { openControlSocket, refusal } from '../../control/admin.ts';
import { exchange } from '../client.ts';
import { complain, EXIT } from '../command.ts';
import { invocation, labPlace } from './place.ts';
import { type Action, actions, type Toy } from './toys.ts';

export type Remote = {
  /** Does it; a sentence where that is impossible. */
  act(action: Action, name: string): Promise<string | undefined>;
  list(): readonly Toy[];
};

/** Opens the lab's socket. Rejects where another lab answers on it. */
export function openRemote(path: string, { act, list }: Remote): Promise<Server> {
  const handler = (action: Action) => async (parameters: URLSearchParams) => {
    const name = parameters.get('name') ?? '';
    const fault = await act(action, name);
    if (fault !== undefined) return refusal(422, fault);
    return { status: 200, body: list().find((toy) => toy.name === name) };
  };
  const routes = Object.fromEntries(actions.map((action) => [`POST /${action}`, handler(action)]));
  return openControlSocket(path, { mode: 0o600 }, routes, () => {});
}

/** `lab ACTION NAME`: tells the lab that runs; returns the exit code. */
export async function actRemotely(action: Action, name: string, asJson: boolean): Promise<number> {
  const { labPath } = labPlace();
  let answer: { readonly status: number; readonly body: unknown };
  try {
    answer = await exchange(labPath, 'POST', `/${action}?name=${encodeURIComponent(name)}`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isAbsent = code === 'ENOENT' || code === 'ECONNREFUSED';
    complain(isAbsent ? `no lab runs: start one with ${invocation()} lab` : `${labPath}: ${message}`);
    return isAbsent ? EXIT.notRunning : EXIT.failed;
  }
  if (answer.status !== 200) {
    complain((answer.body as { error: string }).error);
    return EXIT.failed;
  }
  const toy = answer.body as Toy;
  process.stdout.write(asJson ? JSON.stringify(toy) + '\n' : `${describe(toy)}\n`);
  return EXIT.done;
}

/** One sentence: what it does from now on. */
export function describe({ name, behaviour }: Pick<Toy, 'name' | 'behaviour'>): string {
  switch (behaviour) {
    case 'up':
      return `${name} serves again`;
    case 'killed':
      return `${name} is killed: its port refuses connections`;
    case 'slow':
      return `${name} is slow: it answers after 10 s`;
    case 'failing':
      return `${name} fails: it answers 503`;
  }
}
