// The settings that threads answer with: as control publishes them, with secrets of the server's own where
// the operator names none, and kept in the state directory for a start that does not wait for control.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { placesFault } from '../answer/places.ts';
import { allAlike, type Settings } from '../answer/settings.ts';
import { cookieSecretsMax, rateLimitDefault } from '../limits.ts';
import { type Network, parseNetwork } from '../wire/networks.ts';
import { sipKeySize } from '../wire/siphash.ts';
import { writeAnew } from './files.ts';

/** Secrets of this server alone, renewed now and then; the one before is still accepted. */
export class OwnSecrets {
  #secrets: Uint8Array[] = [randomBytes(sipKeySize)];

  /** Makes a new secret the first (RFC 7873 §7.1). */
  renew(): void {
    this.#secrets = [randomBytes(sipKeySize), this.#secrets[0]!];
  }

  /** The settings with these secrets where they have none. */
  complete(settings: Settings): Settings {
    return settings.cookieSecrets?.length === 0 ? { ...settings, cookieSecrets: this.#secrets } : settings;
  }
}

/** What holds until control has published the operator's: nobody is flooded meanwhile. */
export const startSettings: Settings = {
  ...allAlike,
  identity: '',
  version: '',
  cookieSecrets: [],
  rateLimit: {
    ...rateLimitDefault,
    exempt: rateLimitDefault.exempt.map((one) => parseNetwork(one) as Network),
  },
};

const fileName = 'settings.json';
const placesName = 'places.table';

/** Keeps settings for the next start, best effort: without them it begins with those of any start. */
export function keepSettings(stateDir: string, settings: Settings): void {
  const { places, ...others } = settings;
  const kept = { ...others, placeNames: places?.names };
  const text = JSON.stringify(kept, (_, value: unknown) =>
    value instanceof Uint8Array ? { hex: Buffer.from(value).toString('hex') } : value,
  );
  try {
    if (places !== undefined) writeAnew(join(stateDir, placesName), places.table);
    writeAnew(join(stateDir, fileName), text);
  } catch {
    // a full disk is control's to report; it writes there far more than we do
  }
}

/** What was kept, or undefined where that is nothing, damaged or of another version's shape. */
export function readSettings(stateDir: string): Settings | undefined {
  try {
    const read = JSON.parse(readFileSync(join(stateDir, fileName), 'utf8'), (_, value: unknown) =>
      isHex(value) ? new Uint8Array(Buffer.from(value.hex, 'hex')) : value,
    );
    const { placeNames, ...others } = read as Settings & { placeNames?: readonly string[] };
    const places = placeNames && { names: placeNames, table: readPlaces(stateDir) };
    const settings = { ...others, places };
    return isSettings(settings) ? settings : undefined;
  } catch {
    return undefined;
  }
}

/** The table of places that was kept; throws where there is none or it is damaged. */
function readPlaces(stateDir: string): Uint8Array {
  const table = new Uint8Array(readFileSync(join(stateDir, placesName)));
  const fault = placesFault(table);
  if (fault !== undefined) throw new Error(fault);
  return table;
}

/**
 * Whether threads can adopt this, or throws: what they cannot would end them, each time they are replaced.
 */
function isSettings(settings: Settings): boolean {
  const { identity, version, cookieSecrets = [], rateLimit, clientSubnet, explainTo } = settings;
  const areSecrets = cookieSecrets.every((one) => one instanceof Uint8Array && one.length === sipKeySize);
  const isRate =
    rateLimit === undefined ||
    (rateLimit.responsesPerSecond >= 1 && rateLimit.slip >= 0 && rateLimit.exempt.every(isNetwork));
  const areTexts = typeof identity === 'string' && typeof version === 'string';
  const isTold = typeof clientSubnet === 'boolean' && explainTo.every(isNetwork);
  return areTexts && areSecrets && cookieSecrets.length <= cookieSecretsMax && isRate && isTold;
}

function isNetwork({ address, bits }: Network): boolean {
  return address instanceof Uint8Array && bits >= 0;
}

function isHex(value: unknown): value is { hex: string } {
  return typeof value === 'object' && value !== null && typeof (value as { hex?: unknown }).hex === 'string';
}
