// TLS as a check wants it: whom to trust, with which certificate of our own, for which name, and how early to
// warn of a certificate that expires. Used by the https and tcp probes; connections.ts opens what is
// described here.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import {
  certificateFileMax,
  expiryWarningDefaultMs,
  expiryWarningMaxMs,
  secretFileSizeMax,
} from '../../limits.ts';
import { splitHost } from './options.ts';
import type { Content, Option, Options } from './probe.ts';

export type Tls = {
  /** The name that is sent as SNI and that the certificate must have; an address is not sent. */
  readonly name: string;
  /** Whether the certificate must be good. */
  readonly verify: boolean;
  /** A certificate that expires within this time is warned of; 0: never. */
  readonly expiryWarningMs: number;
  /** Offered by ALPN; none where it is empty. */
  readonly protocols: readonly string[];
  readonly context: SecureContext;
};

const certificates = { isSecret: false, sizeMax: certificateFileMax, fault: certificatesFault };

export const tlsOptions = {
  'verify-tls': { kind: 'flag', default: true, what: 'whether the certificate must be good' },
  'expiry-warning': {
    kind: 'duration',
    default: expiryWarningDefaultMs,
    range: [0, expiryWarningMaxMs],
    what: 'how long before a certificate expires to warn; 0: never',
  },
  ca: {
    kind: 'content',
    content: certificates,
    what: 'file of certificates of the authorities that are trusted, in PEM',
  },
  certificate: { kind: 'content', content: certificates, what: 'file of our own certificate, in PEM' },
  key: {
    kind: 'content',
    content: { isSecret: true, sizeMax: secretFileSizeMax, fault: keyFault },
    what: 'file of the key to our own certificate, in PEM',
  },
} as const satisfies Record<string, Option>;

function certificatesFault(text: string): string | undefined {
  try {
    new X509Certificate(text);
    return undefined;
  } catch {
    return 'has no certificate in PEM';
  }
}

function keyFault(text: string): string | undefined {
  try {
    createPrivateKey(text);
    return undefined;
  } catch {
    return 'has no private key in PEM, or one that wants a passphrase';
  }
}

/** Says why the options make no sense together. */
export function tlsConflict(options: Options): string | undefined {
  const certificate = options.certificate as Content | undefined;
  const key = options.key as Content | undefined;
  if ((certificate === undefined) !== (key === undefined)) {
    return `certificate and key belong together: add ${key === undefined ? 'key' : 'certificate'}`;
  }
  if (options['verify-tls'] === false && options.ca !== undefined) {
    return 'with verify-tls: false nobody is trusted or not: remove ca';
  }
  if (certificate === undefined || key === undefined) return undefined;
  const fits = new X509Certificate(certificate.content).checkPrivateKey(createPrivateKey(key.content));
  return fits ? undefined : 'key is not the key to certificate';
}

let trusted: SecureContext | undefined;

/** The authorities that Node trusts, made when they are first needed. */
export function trustedContext(): SecureContext {
  trusted ??= createSecureContext();
  return trusted;
}

/** Made once for each check: each has contents of its own. */
const contexts = new WeakMap<Content, Made>();
type Made = Readonly<Pick<Options, 'ca' | 'certificate' | 'key'>> & { readonly context: SecureContext };

/** How to connect with the options of a check; `otherwise` is trusted where it names nobody. */
export function tlsOf(
  options: Options,
  address: string,
  protocols: readonly string[],
  otherwise: () => SecureContext,
): Tls {
  return {
    name: splitHost((options.host as string | undefined) ?? address).name,
    verify: options['verify-tls'] !== false,
    expiryWarningMs: Number(options['expiry-warning'] ?? expiryWarningDefaultMs),
    protocols,
    context: contextOf(options) ?? otherwise(),
  };
}

function contextOf({ ca, certificate, key }: Options): SecureContext | undefined {
  const own = (ca ?? certificate) as Content | undefined;
  if (own === undefined) return undefined;
  const made = contexts.get(own);
  if (made?.ca === ca && made?.certificate === certificate && made?.key === key) return made?.context;
  const textOf = (option: unknown) => (option as Content | undefined)?.content;
  const context = createSecureContext({ ca: textOf(ca), cert: textOf(certificate), key: textOf(key) });
  contexts.set(own, { ca, certificate, key, context });
  return context;
}
