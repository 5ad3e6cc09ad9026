// `webhooks:` of steerdns.yaml: who is told of events, of which, and the secret that what is sent is signed
// with. Faults never repeat a secret, or more of a URL than stands in the file anyway.
import * as v from 'valibot';
import { errorAt, type Fault } from '../faults.ts';
import { webhookSecretMin, webhooksMax, webhookUrlMax } from '../limits.ts';
import { type Beside, besidePath, warnIfOpen } from './contents.ts';
import { type EventKind, eventKinds } from './eventkinds.ts';
import { type JsonSchema, map, type Reading, schemaOf, shaped, text, texts, valueAt } from './shape.ts';
import { filePath, oneOf } from './values.ts';
import type { YamlNode } from './yaml.ts';

export type WebhookConfig = {
  readonly url: string;
  /** What is sent is signed with this. */
  readonly secret: Uint8Array;
  readonly kinds: readonly EventKind[];
};

const allKinds = Object.keys(eventKinds) as EventKind[];
const shape = map({
  url: v.optional(text(url)),
  'secret-file': v.optional(text(filePath)),
  events: v.optional(texts(oneOf(allKinds))),
});

/** What an editor should know of the value of `webhooks`. */
export function webhooksLook(): JsonSchema {
  const one = { ...schemaOf(shape), required: ['url', 'secret-file'] };
  return { anyOf: [one, { type: 'array', maxItems: webhooksMax, items: one }] };
}

/** Reads the list; those that have faults are left out. */
export function readWebhooks(node: YamlNode | undefined, beside: Beside, faults: Fault[]): WebhookConfig[] {
  if (node === undefined || (node.kind === 'text' && node.text === '')) return [];
  const items = node.kind === 'list' ? node.items : [node];
  if (items.length > webhooksMax) {
    faults.push(errorAt(node.place, `more than ${webhooksMax} webhooks`, 'let one of them tell the others'));
  }
  return items.map((item) => readWebhook(item, beside, faults)).filter((hook) => hook !== undefined);
}

function readWebhook(node: YamlNode, beside: Beside, faults: Fault[]): WebhookConfig | undefined {
  const values = shaped(node, shape, faults);
  if (values === undefined) return undefined;
  const { url: to, 'secret-file': written, events = allKinds } = values;
  if (to === undefined || written === undefined) {
    const hint = 'such as { url: https://hooks.example/dns, secret-file: hook-secret }';
    faults.push(errorAt(node.place, 'a webhook needs url and secret-file', hint));
    return undefined;
  }
  const path = besidePath(written, beside.dir);
  const octets = beside.read(path, valueAt(node, 'secret-file')!.place);
  if (octets === undefined) return undefined;
  warnIfOpen(path, 'everybody on this machine can read this secret', beside, faults);
  const secret = Buffer.from(octets).toString('latin1').trim();
  if (secret.length < webhookSecretMin) {
    const what = `the secret has ${secret.length} octets, fewer than ${webhookSecretMin}`;
    faults.push(errorAt({ file: path, line: 1, column: 1 }, what, 'openssl rand -hex 32'));
    return undefined;
  }
  return { url: to, secret: new Uint8Array(Buffer.from(secret, 'latin1')), kinds: [...new Set(events)] };
}

function url(written: string): Reading<string> {
  const parsed = URL.canParse(written) ? new URL(written) : undefined;
  const isHttp = parsed !== undefined && /^https?:$/.test(parsed.protocol) && parsed.username === '';
  if (isHttp && written.length <= webhookUrlMax) return { value: parsed.href };
  return { wrong: 'is no URL to send to', hint: 'http:// or https://, without a user' };
}
