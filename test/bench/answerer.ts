// Run as a process of its own: answers every http request on one port of every loopback address with 200,
// then closes, for little CPU. Tells its parent the port, and the number of connections when asked; ends
// with it.
import { type AddressInfo, createServer } from 'node:net';

const response = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';

let connections = 0;
const server = createServer((socket) => {
  connections++;
  socket.on('error', () => {});
  socket.once('data', () => socket.end(response));
});
// All of 127.0.0.0/8 is here: one socket listens on as many addresses as there are endpoints.
server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 }, () => {
  process.send!((server.address() as AddressInfo).port);
});
process.on('message', () => process.send!(connections));
process.on('disconnect', () => process.exit());
