// The batch engine proves itself at every start: 32 datagrams of different sizes go through its own sockets
// and buffers, to a second batch and back, and must return octet for octet. A new Node, a new koffi or a
// strange kernel that gets a layout wrong is then found before the first query, and UDP goes through
// node:dgram.
import { udpQuerySizeMax } from '../limits.ts';
import { libcFault } from './libc.ts';
import { Batch } from './mmsg.ts';
import { bindUdp, boundPort, closeSocket } from './socket.ts';

const datagrams = 32;

/** Says why the batch engine may not be used; undefined: it works. */
export function batchEngineFault(): string | undefined {
  if (libcFault !== undefined) return libcFault;
  try {
    return roundTripFault();
  } catch (error) {
    return `batched UDP failed its self-test: ${(error as Error).message}`;
  }
}

function roundTripFault(): string | undefined {
  const near = bindUdp('127.0.0.1', 0, false);
  const far = bindUdp('127.0.0.1', 0, false);
  try {
    const batch = new Batch();
    const echo = new Batch();
    for (let i = 0; i < datagrams; i++) {
      batch.addressTo(i, '127.0.0.1', boundPort(far));
      for (let octet = 0; octet < sizeOf(i); octet++)
        batch.tx[i * batch.slotSize + octet] = contentOf(i, octet);
      batch.stage(i, sizeOf(i));
    }
    if (batch.send(near.fd) !== 0) return 'batched UDP failed its self-test: datagrams were refused';
    for (let echoed = 0; echoed < datagrams; ) {
      const received = echo.receive(far.fd, true);
      if (received === 0) return `batched UDP failed its self-test: ${echoed} of ${datagrams} datagrams came`;
      for (let i = 0; i < received; i++) {
        const from = i * echo.slotSize;
        echo.tx.set(echo.rx.subarray(from, from + echo.lengthOf(i)), echo.staged * echo.slotSize);
        echo.stage(i, echo.lengthOf(i));
        echo.release(i);
      }
      echo.send(far.fd);
      echoed += received;
    }
    for (let i = 0; i < datagrams; i++) batch.release(i);
    return returnedFault(batch, near.fd);
  } finally {
    closeSocket(near.fd);
    closeSocket(far.fd);
  }
}

function returnedFault(batch: Batch, fd: number): string | undefined {
  for (let returned = 0; returned < datagrams; ) {
    const received = batch.receive(fd, true);
    if (received === 0)
      return `batched UDP failed its self-test: ${returned} of ${datagrams} datagrams returned`;
    for (let i = 0; i < received; i++) {
      const which = returned + i;
      if (batch.lengthOf(i) !== sizeOf(which)) return 'batched UDP failed its self-test: a length is wrong';
      for (let octet = 0; octet < sizeOf(which); octet++) {
        if (batch.rx[i * batch.slotSize + octet] !== contentOf(which, octet)) {
          return 'batched UDP failed its self-test: content is wrong';
        }
      }
      batch.release(i);
    }
    returned += received;
  }
  return undefined;
}

/** 12 octets up to a full slot. */
function sizeOf(i: number): number {
  return i === datagrams - 1 ? udpQuerySizeMax : 12 + i * 61;
}

function contentOf(i: number, octet: number): number {
  return (i * 37 + octet * 11) & 0xff;
}
