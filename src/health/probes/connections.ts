// How probes open connections, plain and over TLS, and what is wrong with a TLS that fails. Used by the http,
// https, tcp and agent probes; errors of the socket itself are theirs to report.
import { connect, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';
import type { Attempt } from './attempt.ts';
import { certificateFault, certificateWords, expiryWarning } from './certificate.ts';
import type { Options } from './probe.ts';
import { sourceFor } from './source.ts';
import type { Tls } from './tls.ts';

/** Where a connection goes and where it comes from. */
export type Route = { readonly host: string; readonly port: number; readonly localAddress?: string };

/** The way to an address under the options of a check. */
export function routeOf(address: string, port: number, options: Options): Route {
  const localAddress = sourceFor(address, options.source);
  return { host: address, port, ...(localAddress === undefined ? {} : { localAddress }) };
}

/** Opens a connection; `opened` is called when something can be sent. */
export function openPlain(attempt: Attempt, route: Route, opened: (socket: Socket) => void): Socket {
  const socket = connect(route);
  return socket.on('connect', () => {
    attempt.watch?.('connected', endsOf(socket));
    opened(socket);
  });
}

/** Opens a TLS connection; a certificate that is not good ends the attempt before anything is sent. */
export function openTls(attempt: Attempt, route: Route, tls: Tls, opened: (socket: Socket) => void): Socket {
  const socket: TLSSocket = connectTls({
    ...route,
    // RFC 6066 §3: an address is no server name.
    servername: isIP(tls.name) === 0 ? tls.name : '',
    checkServerIdentity: (_host, certificate) => checkServerIdentity(tls.name, certificate),
    secureContext: tls.context,
    ALPNProtocols: [...tls.protocols],
    // Node verifies all the same; certificateFault() refuses before a single octet is sent, and says why.
    rejectUnauthorized: false,
  });
  socket.on('connect', () => {
    attempt.watch?.('connected', endsOf(socket));
    attempt.waitsFor = 'TLS handshake';
  });
  return socket.on('secureConnect', () => {
    attempt.watch?.('TLS', `${socket.getProtocol()}, ${socket.getCipher().name}`);
    attempt.watch?.('certificate', certificateWords(socket));
    const fault = tls.verify ? certificateFault(socket, tls.name) : undefined;
    if (fault !== undefined) {
      attempt.fail(fault);
      return;
    }
    if (tls.verify) attempt.warning = expiryWarning(socket, tls.expiryWarningMs);
    opened(socket);
  });
}

function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} port ${localPort} to ${remoteAddress} port ${remotePort}`;
}

/** What an error of TLS means; the error's own words where it is none. */
export function tlsWords(error: Error & { code?: string; reason?: string }): string {
  const code = error.code ?? '';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'not TLS: the server answers something else';
  if (code === 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED') return 'the server wants a certificate of ours';
  if (code.startsWith('ERR_SSL_')) return `TLS failed: ${error.reason ?? error.message}`;
  return error.message;
}
