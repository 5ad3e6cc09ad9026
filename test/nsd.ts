// NSD as a peer: the part of its configuration that is the same for every test and for the bench. It runs in
// the foreground, as whoever starts it, with nothing outside its folder and no rate limit.
import { join } from 'node:path';

/** The `server:` and `remote-control:` of nsd.conf on 127.0.0.1; `more` are further lines of `server:`. */
export function nsdSettings(folder: string, port: number, more = ''): string {
  return `server:
  ip-address: 127.0.0.1@${port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "${folder}"
  database: ""
  zonelistfile: "${join(folder, 'zone.list')}"
  pidfile: "${join(folder, 'nsd.pid')}"
  xfrdfile: "${join(folder, 'xfrd.state')}"
  xfrdir: "${folder}"
  minimal-responses: yes
  rrl-ratelimit: 0
${more}remote-control:
  control-enable: no
`;
}
