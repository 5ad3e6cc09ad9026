// `http:` of steerdns.yaml: where the admin API is to be had over TCP, under which names, and with which
// tokens. Without the key there is none.
import * as v from 'valibot';
import { errorAt, type Fault, warningAt } from '../faults.ts';
import { httpNamesMax } from '../limits.ts';
import { parseSocketAddress, printSocketAddress } from '../wire/addresses.ts';
import { type Beside, besidePath } from './contents.ts';
import { type JsonSchema, map, offOr, type Reading, shaped, text, texts, valueAt } from './shape.ts';
import { readTokens, type Token } from './tokens.ts';
import { filePath } from './values.ts';
import type { YamlNode } from './yaml.ts';

export type HttpConfig = {
  /** Socket addresses in canonical form. */
  readonly listen: readonly string[];
  /** Names under which it is asked, beside its addresses and localhost. */
  readonly names: readonly string[];
  readonly tokens: readonly Token[];
};

const portDefault = 5380;
const listenDefault = [`127.0.0.1:${portDefault}`];

const shape = map({
  listen: v.optional(texts(listenOn)),
  names: v.optional(texts(hostName)),
  'token-file': v.optional(text(filePath)),
});

/** What an editor should know of the value of `http`. */
export const httpLook = (): JsonSchema => offOr(shape);

/** Reads the value of `http`; undefined: off. What has faults is as if it were not said. */
export function readHttp(
  node: YamlNode | undefined,
  beside: Beside,
  faults: Fault[],
): HttpConfig | undefined {
  if (node === undefined || (node.kind === 'text' && node.text === 'off')) return undefined;
  const values = shaped(node, shape, faults);
  if (values === undefined) return undefined;
  const { listen = listenDefault, names = [], 'token-file': written } = values;
  if (written === undefined) {
    const hint = 'steerdns token NAME makes a line for such a file';
    faults.push(errorAt(node.place, 'http has no token-file: nobody could ask anything', hint));
    return undefined;
  }
  if (names.length > httpNamesMax || listen.length > httpNamesMax) {
    faults.push(errorAt(node.place, `http has more than ${httpNamesMax} names or addresses`, 'remove some'));
  }
  const open = listen.filter((one) => !isLoopback(one));
  if (open.length > 0) {
    const what = `tokens go to ${open.join(', ')} in the clear`;
    const hint = 'listen on the loopback, with ssh -L or a TLS proxy in front';
    faults.push(warningAt((valueAt(node, 'listen') ?? node).place, what, hint));
  }
  const path = besidePath(written, beside.dir);
  const octets = beside.read(path, valueAt(node, 'token-file')!.place);
  if (octets === undefined) return undefined;
  return { listen, names, tokens: readTokens({ file: path, line: 1, column: 1 }, octets, faults) };
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address.startsWith('[::1]:');
}

function listenOn(written: string): Reading<string> {
  const parsed = parseSocketAddress(written, portDefault);
  if (parsed !== undefined && parsed.port > 0)
    return { value: printSocketAddress(parsed.address, parsed.port) };
  const hint = `such as 127.0.0.1:${portDefault} or "[::1]:${portDefault}"`;
  return { wrong: `has "${written}", which is no address with a port`, hint };
}

function hostName(written: string): Reading<string> {
  const name = written.toLowerCase();
  if (/^[a-z0-9_]([a-z0-9._-]{0,252})$/.test(name)) return { value: name };
  return { wrong: `has "${written}", which is no host name`, hint: 'such as admin.example.net, no port' };
}
