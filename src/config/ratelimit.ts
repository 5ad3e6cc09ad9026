// `rate-limit:` of steerdns.yaml: how many responses one network gets, or that nothing is limited. What its
// values do stands in answer/ratelimit.ts.
import * as v from 'valibot';
import { errorAt, type Fault } from '../faults.ts';
import { exemptMax, rateLimitDefault, responsesPerSecondMax, slipMax } from '../limits.ts';
import { type Network, parseNetwork } from '../wire/networks.ts';
import { type JsonSchema, map, offOr, shaped, text, texts, valueAt } from './shape.ts';
import { integer, network } from './values.ts';
import type { YamlNode } from './yaml.ts';

export type RateLimitConfig = {
  /** Full responses a second to one network about one thing. */
  readonly responsesPerSecond: number;
  /** Of the limited responses every n-th is sent truncated; 0: none. */
  readonly slip: number;
  /** Networks that are never limited. */
  readonly exempt: readonly Network[];
};

/** What holds where steerdns.yaml says nothing. */
export const rateLimitDefaults: RateLimitConfig = {
  ...rateLimitDefault,
  exempt: rateLimitDefault.exempt.map((one) => parseNetwork(one) as Network),
};

const shape = map({
  'responses-per-second': v.optional(text(integer(1, responsesPerSecondMax))),
  slip: v.optional(text(integer(0, slipMax))),
  exempt: v.optional(texts(network)),
});

/** What an editor should know of the value of `rate-limit`. */
export const rateLimitLook = (): JsonSchema => offOr(shape);

/** Reads the value of `rate-limit`; undefined: off. What has faults is as if it were not said. */
export function readRateLimit(node: YamlNode | undefined, faults: Fault[]): RateLimitConfig | undefined {
  if (node === undefined) return rateLimitDefaults;
  if (node.kind === 'text' && node.text === 'off') return undefined;
  if (node.kind !== 'map' && !(node.kind === 'text' && node.text === '')) {
    const hint = 'write off, or such as { responses-per-second: 200 }';
    faults.push(errorAt(node.place, 'rate-limit must be off or have keys of its own', hint));
    return rateLimitDefaults;
  }
  const values = shaped(node, shape, faults);
  if (values === undefined) return rateLimitDefaults;
  const exempt = values.exempt ?? rateLimitDefaults.exempt;
  if (exempt.length > exemptMax) {
    const what = `exempt has ${exempt.length} networks, more than ${exemptMax}`;
    faults.push(errorAt((valueAt(node, 'exempt') ?? node).place, what, 'write larger networks'));
  }
  return {
    responsesPerSecond: values['responses-per-second'] ?? rateLimitDefaults.responsesPerSecond,
    slip: values.slip ?? rateLimitDefaults.slip,
    exempt,
  };
}
