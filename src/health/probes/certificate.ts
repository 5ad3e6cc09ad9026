// What is wrong with a server's certificate, or soon will be, in words. Node's TLS has verified it already;
// this only asks why it was refused, which is more than its error codes say. Called after the handshake.
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

const chainMax = 10;
const hourMs = 3_600_000;

/** Says that the certificate of a connection expires within a time, undefined where it does not. */
export function expiryWarning(socket: TLSSocket, withinMs: number): string | undefined {
  const certificate = withinMs > 0 ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) return undefined;
  const leftMs = Date.parse(certificate.validTo) - Date.now();
  return leftMs < withinMs ? `certificate expires in ${inWords(leftMs)}` : undefined;
}

function inWords(ms: number): string {
  const hours = Math.max(0, Math.floor(ms / hourMs));
  const [count, unit] = hours < 48 ? [hours, 'hour'] : [Math.floor(hours / 24), 'day'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** What a certificate is for, until when, and by whom: a line for each, for whoever watches a probe. */
export function certificateWords(socket: TLSSocket): string {
  const leaf = socket.getPeerCertificate(true);
  const until = `valid to ${day(leaf.valid_to)} (${inWords(Date.parse(leaf.valid_to) - Date.now())})`;
  return [`for ${names(leaf)}`, until, `by ${leaf.issuer?.CN ?? leaf.issuer?.O ?? 'nobody'}`].join('\n');
}

/** Says why the certificate of a connection is not good for `name`, undefined where it is. */
export function certificateFault(socket: TLSSocket, name: string): string | undefined {
  if (socket.authorized) return undefined;
  const leaf = socket.getPeerCertificate(true);
  // Node's types say Error; what it sets is the code.
  const code = String(socket.authorizationError);
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return `certificate expired on ${expiry(leaf)}`;
    case 'CERT_NOT_YET_VALID':
      return `certificate is not valid before ${day(leaf.valid_from)}`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `certificate is for ${names(leaf)}, not ${name}`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'certificate is self-signed';
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `certificate is signed by "${leaf.issuer?.CN ?? leaf.issuer?.O}", which is not trusted here`;
    default:
      return `certificate refused (${code})`;
  }
}

/** The leaf may be good and an intermediate expired: the first in the chain that has expired counts. */
function expiry(leaf: DetailedPeerCertificate): string {
  let certificate = leaf;
  for (let depth = 0; depth < chainMax; depth++) {
    if (Date.parse(certificate.valid_to) < Date.now()) break;
    certificate = certificate.issuerCertificate ?? certificate;
  }
  return day(certificate.valid_to);
}

function day(date: string): string {
  const time = Date.parse(date);
  return Number.isNaN(time) ? date : new Date(time).toISOString().slice(0, 10);
}

function names(leaf: DetailedPeerCertificate): string {
  const all = (leaf.subjectaltname ?? '').split(', ').filter((name) => name !== '');
  const plain = all.map((name) => name.replace(/^(DNS|IP Address):/, ''));
  if (plain.length === 0) return String(leaf.subject?.CN ?? 'no name');
  return plain.slice(0, 3).join(', ') + (plain.length > 3 ? ` and ${plain.length - 3} more` : '');
}
