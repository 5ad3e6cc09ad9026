// Clients of one server, for thousands of questions: one UDP socket and one TCP connection, with many
// questions on their way at once, told apart by their IDs. What is lost over UDP is asked again; a server
// that closes its connection is asked again over a new one.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Transport } from '../cases.ts';

const answerTimeoutMs = 2000;
const attempts = 4;

type Waiting = { readonly resolve: (response: Uint8Array | undefined) => void };

export class Client {
  readonly port: number;
  readonly #udp: UdpSocket;
  #tcp: Socket | undefined;
  #id = 0;
  readonly #waiting = { udp: new Map<number, Waiting>(), tcp: new Map<number, Waiting>() };

  static async open(port: number): Promise<Client> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Client(port, socket);
  }

  private constructor(port: number, udp: UdpSocket) {
    this.port = port;
    this.#udp = udp;
    udp.on('message', (message) => this.#take('udp', message));
    udp.on('error', () => {}); // nobody listens yet: asked again
  }

  /** The response; undefined where the server stays silent however often it is asked. */
  async ask(octets: Uint8Array, transport: Transport): Promise<Uint8Array | undefined> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const response = await this.#askOnce(octets, transport);
      if (response !== undefined) return response;
    }
    return undefined;
  }

  close(): void {
    this.#udp.close();
    this.#tcp?.destroy();
  }

  #askOnce(octets: Uint8Array, transport: Transport): Promise<Uint8Array | undefined> {
    this.#id = (this.#id + 1) & 0xffff;
    const id = this.#id;
    const message = Buffer.from(octets);
    message.writeUInt16BE(id, 0);
    return new Promise((resolve) => {
      const done = (response: Uint8Array | undefined): void => {
        clearTimeout(timer);
        this.#waiting[transport].delete(id);
        resolve(response);
      };
      const timer = setTimeout(() => done(undefined), answerTimeoutMs);
      this.#waiting[transport].set(id, { resolve: done });
      if (transport === 'udp') this.#udp.send(message, () => {});
      else
        this.#connection().write(Buffer.concat([Uint8Array.of(octets.length >> 8, octets.length), message]));
    });
  }

  #take(transport: Transport, message: Uint8Array): void {
    this.#waiting[transport].get(message[0]! * 256 + message[1]!)?.resolve(new Uint8Array(message));
  }

  #connection(): Socket {
    if (this.#tcp !== undefined) return this.#tcp;
    const socket = connect(this.port, '127.0.0.1');
    socket.setNoDelay(true);
    let received = Buffer.alloc(0);
    socket.on('data', (data: Buffer) => {
      received = Buffer.concat([received, data]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        this.#take('tcp', received.subarray(2, end));
        received = received.subarray(end);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#tcp !== socket) return;
      this.#tcp = undefined;
      for (const { resolve } of [...this.#waiting.tcp.values()]) resolve(undefined);
    });
    this.#tcp = socket;
    return socket;
  }
}
