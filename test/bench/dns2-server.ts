// A server made of dns2 alone, as one would write it after its README: the balanced name with all its
// addresses, the first one rotating. What steerdns is compared with when the question is what its own data
// plane is for.
// Usage: dns2-server.ts PORT NAME ADDRESS…
import { createServer, Packet } from 'dns2';
import { ttl } from './zones.ts';

type Answer = InstanceType<typeof Packet>['answers'][number];

const [port, name = '', ...addresses] = process.argv.slice(2);
let first = 0;

const server = createServer({
  udp: true,
  handle: (request, send) => {
    const response = Packet.createResponseFromRequest(request);
    const [question] = request.questions;
    response.header.aa = 1;
    if (question?.name.toLowerCase() !== name) {
      response.header.rcode = Packet.RCODE.REFUSED;
    } else if (question?.type === Packet.TYPE.A) {
      first = (first + 1) % addresses.length;
      for (let place = 0; place < addresses.length; place++) {
        const address = addresses[(first + place) % addresses.length]!;
        const record = { name, type: Packet.TYPE.A, class: Packet.CLASS.IN, ttl, address };
        response.answers.push(record as Answer); // as its README does; only its types ask for more
      }
    }
    if (request.additionals.some((record) => record.type === Packet.TYPE.EDNS)) {
      response.additionals.push(Packet.Resource.EDNS([], { udpPayloadSize: 1232 }));
    }
    send(response);
  },
});

await server.listen({ udp: { port: Number(port), address: '127.0.0.1' } });
