// steerdns events: what happened lately, and with --follow what happens from now on. A daemon that goes away
// is waited for: the stream goes on where it was.
import type { IncomingMessage } from 'node:http';
import type { Event } from '../control/events.ts';
import { eventStreamRetryMs } from '../limits.ts';
import { findControl } from '../paths.ts';
import { ask, open, refused } from './client.ts';
import { type Command, complain, EXIT, options, textOf, type Values } from './command.ts';
import { printMoment } from './text.ts';

export const command: Command = {
  usage: '',
  options: {
    follow: { what: 'go on with what happens from now on, until Ctrl-C' },
    kinds: { value: 'KINDS', what: 'only these, with commas: verdict, reload, publication, hand' },
    control: options.control,
    json: { what: 'print each event as a line of JSON' },
  },
  positionalsMin: 0,
  positionalsMax: 0,
  async run(values) {
    const kinds = textOf(values, 'kinds');
    const query = kinds === undefined ? '' : `?kinds=${encodeURIComponent(kinds)}`;
    const answer = await ask(values, 'GET', `/events${query}`);
    if (typeof answer === 'number') return answer;
    if (answer.status !== 200) return refused(answer);
    const { events, lastId } = answer.body as { events: Event[]; lastId: number };
    for (const event of events) print(event, values);
    if (values.follow === true) await follow(values, query, lastId);
    return EXIT.done;
  },
};

function print(event: Event, values: Values): void {
  const { at, kind, text } = event;
  const line =
    values.json === true
      ? JSON.stringify(event)
      : `${printMoment(at, Date.now())}  ${kind.padEnd(11)}  ${text}`;
  process.stdout.write(`${line}\n`);
}

/** Follows until this process is ended, or nobody reads what it prints. */
async function follow(values: Values, query: string, lastId: number): Promise<void> {
  const socketPath = findControl({ control: textOf(values, 'control') });
  let last = String(lastId);
  let isSaid = false;
  let isOver = false;
  process.stdout.once('error', () => (isOver = true));
  while (!isOver) {
    try {
      for await (const { id, event, data } of eventsOf(
        await followFrom(socketPath, `/events${query}`, last),
      )) {
        isSaid = false;
        if (event === 'missed') complain('there were more events than are kept: some are missing here');
        if (id === '' || isOver) continue;
        last = id;
        print(JSON.parse(data) as Event, values);
      }
    } catch (error) {
      if (!isSaid) complain(`${socketPath}: ${(error as Error).message}: waiting for the daemon`);
      isSaid = true;
    }
    await new Promise((resolve) => setTimeout(resolve, eventStreamRetryMs));
  }
}

async function followFrom(socketPath: string, path: string, lastId: string): Promise<IncomingMessage> {
  const headers = { accept: 'text/event-stream', 'last-event-id': lastId };
  const response = await open(socketPath, path, headers);
  if (response.statusCode !== 200) throw new Error(`the daemon answers ${response.statusCode}`);
  return response;
}

/** Takes a stream of server-sent events apart. */
async function* eventsOf(stream: IncomingMessage) {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>) {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
      yield { id: field('id'), event: field('event'), data: field('data') };
    }
  }
}
