// gdnsd's service_types as checks. Its thresholds count at the pace of the interval, in doubt too, so
// recheck is the interval: a server leaves and comes back when it did under gdnsd.
import { probeRunMax } from '../../limits.ts';
import type { Note, Refusal } from './plan.ts';
import { hashOf, textsIn, type Vscf, type VscfHash } from './vscf.ts';
import type { Flow } from './yamltext.ts';

type Check = { readonly [key: string]: Flow | undefined };

export class Services {
  /** The checks that are used, by name. */
  readonly checks = new Map<string, Flow>();
  readonly #types: VscfHash;
  readonly #note: Note;
  readonly #noted = new Set<string>();

  constructor(types: VscfHash, note: Note) {
    this.#types = types;
    this.#note = note;
  }

  /** The name of the check for these service types, undefined where everything counts as up. */
  checkFor(names: readonly string[]): string | undefined {
    const found = [...new Set(names)].flatMap((name) => {
      const check = this.#checkOf(name);
      return check === undefined ? [] : [{ name, check }];
    });
    const [first, ...rest] = found;
    if (first === undefined) return undefined;
    if (rest.length === 0) {
      this.checks.set(first.name, first.check);
      return first.name;
    }
    const name = found.map((one) => one.name).join('-and-');
    const { interval, timeout, recheck, fall, rise } = first.check;
    const probes = found.map(({ check }) => withoutTiming(check));
    this.checks.set(name, { probes, interval, timeout, recheck, fall, rise });
    return name;
  }

  #checkOf(name: string): Check | undefined {
    if (name === 'up' && !this.#types.has(name)) return undefined;
    const type = hashOf(this.#types.get(name));
    const made = type === undefined ? { because: 'it is not defined' } : this.#read(name, type);
    if (!('because' in made)) return made as Check;
    this.#say(name, `${made.because}; addresses that it watched count as up`);
    return undefined;
  }

  #read(name: string, type: VscfHash): Check | Refusal {
    const plugin = type.get('plugin');
    const port = numberAt(type, 'port');
    if (plugin === 'http_status') {
      const codes = (textsIn(type.get('ok_codes')) ?? ['200']).map(Number);
      const path = textAt(type, 'url_path') ?? '/';
      const host = textAt(type, 'vhost');
      const what = {
        type: 'http',
        port: port === 80 ? undefined : port,
        path: path === '/' ? undefined : path,
      };
      return { ...what, host, expect: codes.length === 1 ? codes[0] : codes, ...this.#timing(name, type) };
    }
    if (plugin === 'tcp_connect') {
      if (port === undefined) return { because: 'it has no port' };
      return { type: 'tcp', port, ...this.#timing(name, type) };
    }
    if (plugin === 'extmon') {
      return { because: 'its command is told the address by %%ITEM%%, an exec check in STEERDNS_ADDRESS' };
    }
    if (plugin === 'extfile') return { because: 'its file has another form than that of a file check' };
    return { because: `the plugin ${String(plugin)} has no counterpart` };
  }

  #timing(name: string, type: VscfHash): Check {
    const interval = numberAt(type, 'interval') ?? 10;
    const timeout = numberAt(type, 'timeout') ?? interval / 2;
    const [fall, rise] = [numberAt(type, 'down_thresh') ?? 10, numberAt(type, 'up_thresh') ?? 20];
    if (type.has('ok_thresh')) {
      this.#say(name, 'ok_thresh has no counterpart: fall counts failures in a row');
    }
    for (const [key, count] of Object.entries({ down_thresh: fall, up_thresh: rise })) {
      if (count > probeRunMax)
        this.#say(name, `${key} ${count} is more than ${probeRunMax}, which it is now`);
    }
    return {
      interval: `${interval}s`,
      timeout: `${timeout}s`,
      recheck: `${interval}s`,
      fall: Math.min(fall, probeRunMax),
      rise: Math.min(rise, probeRunMax),
    };
  }

  #say(name: string, what: string): void {
    if (this.#noted.has(name + what)) return;
    this.#noted.add(name + what);
    this.#note(`service_types ${name}`, what);
  }
}

function withoutTiming({ interval, timeout, recheck, fall, rise, ...probe }: Check): Check {
  return probe;
}

function textAt(hash: VscfHash, key: string): string | undefined {
  const value: Vscf | undefined = hash.get(key);
  return typeof value === 'string' ? value : undefined;
}

/** A number, or undefined where it is absent or something else. */
export function numberAt(hash: VscfHash, key: string): number | undefined {
  const text = textAt(hash, key);
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
