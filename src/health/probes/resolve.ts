// Finds the address of a member that is known by a name, anew for each probe, by the resolvers that the
// system uses (/etc/resolv.conf). Node's getaddrinfo would block one of four threads for as long as a
// resolver is silent, and files wait for these. Called by index.ts.
import { Resolver } from 'node:dns/promises';
import { Attempt } from './attempt.ts';
import type { OnStep, ProbeResult } from './probe.ts';

/** Tries within one deadline: a lost datagram says nothing. */
const triesMax = 2;
/** c-ares: there is no such name, and it has no record of this type. */
const absent = ['ENOTFOUND', 'ENODATA'];

/** What was found, as a result that counts where nothing was. */
export type Found = { readonly address: string | undefined; readonly result: ProbeResult };

/**
 * Looks up the first address of a name, IPv4 before IPv6, within half of a probe's time: what is left must be
 * enough to blame the server. `servers` are asked in place of the system's.
 */
export async function lookUp(
  name: string,
  probeDeadlineMs: number,
  onStep?: OnStep,
  servers?: readonly string[],
): Promise<Found> {
  const deadlineMs = Math.ceil(probeDeadlineMs / 2);
  const attempt = new Attempt('', 0, deadlineMs, onStep);
  const resolver = new Resolver({ timeout: Math.ceil(deadlineMs / triesMax), tries: triesMax });
  if (servers !== undefined) resolver.setServers(servers);
  attempt.cut = () => resolver.cancel();
  attempt.late = () => attempt.inconclusive(`no resolver says within ${deadlineMs} ms where ${name} is`);
  attempt.watch?.('resolving', `${name} by ${resolver.getServers().join(', ')}`);
  let address: string | undefined;
  const asked = Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  void asked.then((answers) => {
    const addresses = answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    const codes = answers.flatMap((one) =>
      one.status === 'rejected' ? String((one.reason as { code?: unknown }).code) : [],
    );
    address = addresses[0];
    if (address !== undefined) {
      attempt.watch?.('resolved', addresses.join(', '));
      attempt.ok(address);
      return;
    }
    const trouble = codes.find((code) => !absent.includes(code));
    if (trouble !== undefined) attempt.inconclusive(`no resolver says where ${name} is (${trouble})`);
    else attempt.fail(codes.includes('ENOTFOUND') ? `there is no name ${name}` : `${name} has no address`);
  });
  const result = await attempt.result;
  return { address: result.outcome === 'ok' ? address : undefined, result };
}
