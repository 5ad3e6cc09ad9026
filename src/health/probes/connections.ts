// How probes open connections, plain and over TLS, and what is wrong with a TLS that fails. Used by the http,
// https and tcp probes; errors of the socket itself are theirs to report.
import { connect, isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { Attempt } from './attempt.ts';
import { certificateFault } from './certificate.ts';

export type Tls = {
  /** The name that is sent as SNI and that the certificate must have; an address is not sent. */
  readonly name: string;
  /** Whether the certificate must be good. */
  readonly verify: boolean;
  /** Offered by ALPN; none where it is empty. */
  readonly protocols: readonly string[];
  readonly context: SecureContext;
};

/** Opens a connection; `opened` is called when something can be sent. */
export function openPlain(address: string, port: number, opened: (socket: Socket) => void): Socket {
  const socket = connect({ host: address, port });
  return socket.on('connect', () => opened(socket));
}

/** Opens a TLS connection; a certificate that is not good ends the attempt before anything is sent. */
export function openTls(
  attempt: Attempt,
  address: string,
  port: number,
  tls: Tls,
  opened: (socket: Socket) => void,
): Socket {
  const socket: TLSSocket = connectTls({
    host: address,
    port,
    // RFC 6066 §3: an address is no server name.
    servername: isIP(tls.name) === 0 ? tls.name : '',
    checkServerIdentity: (_host, certificate) => checkServerIdentity(tls.name, certificate),
    secureContext: tls.context,
    ALPNProtocols: [...tls.protocols],
    // Node verifies all the same; certificateFault() refuses before a single octet is sent, and says why.
    rejectUnauthorized: false,
  });
  socket.on('connect', () => (attempt.waitsFor = 'TLS handshake'));
  return socket.on('secureConnect', () => {
    const fault = tls.verify ? certificateFault(socket, tls.name) : undefined;
    if (fault !== undefined) attempt.fail(fault);
    else opened(socket);
  });
}

/** What an error of TLS means; the error's own words where it is none. */
export function tlsWords(error: Error & { code?: string; reason?: string }): string {
  const code = error.code ?? '';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'not TLS: the server answers something else';
  if (code.startsWith('ERR_SSL_')) return `TLS failed: ${error.reason ?? error.message}`;
  return error.message;
}

let trusted: SecureContext | undefined;

/** The authorities that Node trusts, made when they are first needed. */
export function trustedContext(): SecureContext {
  trusted ??= createSecureContext();
  return trusted;
}
