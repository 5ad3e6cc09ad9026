// `canaries:` of steerdns.yaml: what the prober should always reach, written as checks are, each with an
// address. Asked before a server is taken out of the answers: when none answers, the fault is our own.
import { errorAt, type Fault } from '../faults.ts';
import { type Endpoint, endpointKey } from '../health/check.ts';
import { isRemote } from '../health/probes/index.ts';
import { canariesMax, suspicionTimeoutMs } from '../limits.ts';
import { checkLooks, readCheck } from './checks.ts';
import type { Beside } from './contents.ts';
import type { JsonSchema } from './shape.ts';
import { valueAt } from './shape.ts';
import { printDuration } from './values.ts';
import type { YamlNode } from './yaml.ts';

/** What an editor should know of the value of `canaries`. */
export function canariesLook(): JsonSchema {
  return { type: 'array', maxItems: canariesMax, items: { oneOf: checkLooks() } };
}

/** Reads the list; one with a fault is left out, and the fault is said. */
export function readCanaries(node: YamlNode | undefined, beside: Beside, faults: Fault[]): Endpoint[] {
  if (node === undefined || (node.kind === 'text' && node.text === '')) return [];
  if (node.kind !== 'list' || node.items.length > canariesMax) {
    const what = `canaries must be a list of at most ${canariesMax} probes`;
    faults.push(errorAt(node.place, what, '[{ type: tcp, address: 192.0.2.53, port: 53 }]'));
    return [];
  }
  const known = new Map<string, string>();
  return node.items.flatMap((item, i) => {
    const name = `canary ${i + 1}`;
    const canary = readCanary(name, item, beside, faults);
    if (canary === undefined) return [];
    const same = known.get(canary.key);
    known.set(canary.key, name);
    if (same === undefined) return [canary];
    faults.push(errorAt(item.place, `${name} is the same as ${same}`, 'remove one of them'));
    return [];
  });
}

function readCanary(name: string, node: YamlNode, beside: Beside, faults: Fault[]): Endpoint | undefined {
  const check = readCheck(name, node, beside, faults);
  if (check === undefined) return undefined;
  const { address, timeoutMs } = check;
  if (!isRemote({ key: '', address: '', check }) || address === undefined) {
    faults.push(
      errorAt(node.place, `${name} has no address`, 'a canary is reached over the network: add address'),
    );
    return undefined;
  }
  if (timeoutMs > suspicionTimeoutMs) {
    const [written, most] = [timeoutMs, suspicionTimeoutMs].map(printDuration);
    const what = `${name} has a timeout of ${written}, longer than ${most}`;
    faults.push(
      errorAt((valueAt(node, 'timeout') ?? node).place, what, 'outages wait for it: lower timeout'),
    );
    return undefined;
  }
  return { key: endpointKey(check, address), address, check };
}
