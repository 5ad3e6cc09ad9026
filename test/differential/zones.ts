// The twenty zones of the differential test, from a seed: written once as text and loaded by every server.
// Some are built to hold what RFC 1034 §4.3.2 has a step for, the others are a soup of few labels in which
// names meet that nobody would put together. All are valid for all four servers.
import type { randomFrom } from '../balance/random.ts';
import { randomZones } from '../zones.ts';

export type Random = ReturnType<typeof randomFrom>;
export type DifferentialZone = { readonly origin: string; readonly text: string };

/** Whether the zones hold DNAMEs: a server that does not follow them differs below every one. */
const hasDnames = true;

/** Origins of the built zones; parents and children, two levels deep, and some that stand alone. */
const origins = [
  ...['p0.diff.', 'child.p0.diff.', 'grand.child.p0.diff.'],
  ...['p1.diff.', 'child.p1.diff.', 'p2.diff.', 'a.child.p2.diff.'],
  ...['p3.diff.', 'p4.diff.', 'alone.', 'two.labels.example.', '2.0.192.in-addr.arpa.'],
];
const soups = 8;
const deepLabels = ['a', 'b', 'c', 'D', 'x-1', '_tcp', '\\000\\255', 'a\\.b'];

/** Every zone, the same for the same seed. */
export function differentialZones(random: Random): DifferentialZone[] {
  const soup = randomZones(random, soups).slice(0, soups);
  const all = [...origins, ...soup.map(({ origin }) => origin)];
  return [...origins.map((origin) => new Builder(random, origin, all).build()), ...soup].map(
    ({ origin, text }) => ({ origin, text }),
  );
}

/** Writes one zone part by part; each part has labels of its own, so that no CNAME meets other data. */
class Builder {
  readonly #random: Random;
  readonly #origin: string;
  readonly #origins: readonly string[];
  readonly #lines: string[] = [];

  constructor(random: Random, origin: string, all: readonly string[]) {
    this.#random = random;
    this.#origin = origin;
    this.#origins = all;
  }

  build(): DifferentialZone {
    this.#addApex();
    this.#addHosts();
    this.#addWildcards();
    this.#addCuts();
    this.#addChildren();
    this.#addAliases();
    this.#addServices();
    this.#addLongOnes();
    if (hasDnames) this.#addDnames();
    return { origin: this.#origin, text: `$TTL 3600\n${this.#lines.join('\n')}\n` };
  }

  #add(owner: string, type: string, data: string): void {
    const ttl = 60 + ((owner.length * 7 + type.length * 131) % 900); // one TTL per RRset
    const name = owner === '@' ? this.#origin : `${owner}.${this.#origin}`;
    this.#lines.push(`${name} ${ttl} ${type} ${data}`);
  }

  #addresses(owner: string, count: number): void {
    for (let i = 0; i < count; i++) this.#add(owner, 'A', `192.0.2.${this.#random.below(60) * 4 + (i % 4)}`);
    if (this.#random.below(2) === 0) this.#add(owner, 'AAAA', `2001:db8::${this.#random.below(9000)}`);
  }

  /** One to four labels. */
  #deep(): string {
    const labels = Array.from({ length: 1 + this.#random.below(4) }, () => this.#random.pick(deepLabels));
    return labels.join('.');
  }

  #addApex(): void {
    const [ttl, minimum] = [this.#random.pick([30, 600]), this.#random.pick([20, 600, 900])];
    const soa = `ns.${this.#origin} admin.${this.#origin} 7 3600 600 86400 ${minimum}`;
    this.#lines.push(`${this.#origin} ${ttl} SOA ${soa}`);
    this.#add('@', 'NS', `ns.${this.#origin}`);
    this.#add('@', 'NS', 'ns.elsewhere.invalid.');
    this.#addresses('ns', 1);
    this.#addresses('@', this.#random.below(4));
    this.#add('@', 'MX', `10 mail.${this.#origin}`);
    this.#add('@', 'TXT', '"v=spf1 -all"');
    this.#add('@', 'CAA', '0 issue "ca.example"');
    this.#add('@', 'TYPE65280', '\\# 3 010203');
    this.#add('@', 'HTTPS', '1 . alpn=h2');
  }

  #addHosts(): void {
    this.#addresses('mail', 2);
    this.#addresses('www', 4);
    for (let i = 0; i < 6; i++) {
      const owner = `${this.#deep()}.host${i}`; // empty non-terminals above it
      this.#addresses(owner, 1 + this.#random.below(2));
      if (i % 2 === 0) this.#add(owner, 'TYPE65281', `\\# 2 0${i}ff`);
    }
    this.#add('x.y.z.empty', 'TXT', '"three empty non-terminals above"');
    this.#add('Mixed.Case', 'TXT', '"case" "is kept"');
  }

  #addWildcards(): void {
    if (this.#random.below(2) === 0) this.#add('*', 'TXT', '"of the apex"');
    this.#add('*.wild', 'A', '192.0.2.77');
    this.#add('*.wild', 'TXT', '"synthesised"');
    this.#add('exact.wild', 'MX', `5 mail.${this.#origin}`);
    this.#add('x.ent.wild', 'A', '192.0.2.78'); // shields ent.wild and all below
    this.#add('*.deep.deeper.wild', 'AAAA', '2001:db8::77');
    this.#add('sub.*.wild', 'TXT', '"a wildcard has names below it"');
    this.#add('*.alias-wild', 'CNAME', `www.${this.#origin}`);
    this.#add('*.loop-wild', 'CNAME', `x.loop-wild.${this.#origin}`);
    this.#add('*.mail-wild', 'MX', `10 any.wild.${this.#origin}`);
    this.#add('*.*.stars', 'A', '192.0.2.79');
  }

  #addCuts(): void {
    const digest = '0a1b'.repeat(16);
    this.#add('cut', 'NS', `ns.cut.${this.#origin}`); // glue of its own
    this.#add('cut', 'DS', `11 13 2 ${digest}`);
    this.#addresses('ns.cut', 1);
    this.#add('deep.cut', 'NS', `ns.deep.cut.${this.#origin}`); // a delegation below a delegation
    this.#addresses('ns.deep.cut', 1);
    this.#add('hidden.cut', 'TXT', '"occluded"');
    this.#add('*.cut', 'A', '192.0.2.66');
    this.#add('bare', 'NS', 'ns.elsewhere.invalid.'); // no glue
    this.#add('sibling', 'NS', `ns.cut.${this.#origin}`); // glue below another cut
    this.#add('ours', 'NS', `ns.${this.#origin}`); // an address that is ours
    this.#add('ours', 'NS', `any.wild.${this.#origin}`); // and one out of a wildcard
    for (let i = 0; i < 3; i++) {
      const owner = `${this.#deep()}.cuts${i}`;
      this.#add(owner, 'NS', `ns.${owner}.${this.#origin}`);
      this.#addresses(`ns.${owner}`, 1);
      if (i > 0) this.#add(owner, 'NS', 'ns.elsewhere.invalid.');
      if (i > 1) this.#add(owner, 'DS', `12 13 2 ${digest}`);
    }
    for (let i = 0; i < 13; i++) {
      this.#add('manycut', 'NS', `server-with-a-long-name-${i}.manycut.${this.#origin}`);
      this.#add(`server-with-a-long-name-${i}.manycut`, 'A', `192.0.2.${i + 100}`);
      this.#add(`server-with-a-long-name-${i}.manycut`, 'AAAA', `2001:db8::${i + 100}`);
      this.#add('sharing', 'NS', `server-with-a-long-name-${i}.manycut.${this.#origin}`);
    }
    this.#addFullCuts();
  }

  /** Referrals around the sizes at which they are truncated, with names of every length. */
  #addFullCuts(): void {
    for (const count of [6, 7, 8, 13, 16, 18, 20]) {
      const label = 'n'.repeat(1 + this.#random.below(40));
      for (let i = 0; i < count; i++) {
        const server = `${label}${i}.cut-of-${count}`;
        this.#add(`cut-of-${count}`, 'NS', `${server}.${this.#origin}`);
        this.#add(server, 'A', `192.0.2.${i}`);
        this.#add(server, 'AAAA', `2001:db8::${i}`);
      }
    }
  }

  /** Delegates to the zones below this one that are served too. */
  #addChildren(): void {
    for (const child of this.#origins) {
      if (!child.endsWith(`.${this.#origin}`)) continue;
      const owner = child.slice(0, -this.#origin.length - 1);
      this.#add(owner, 'NS', `ns.${child}`);
      this.#addresses(`ns.${owner}`, 1);
      if (this.#random.below(2) === 0) this.#add(owner, 'DS', `13 13 2 ${'c0de'.repeat(16)}`);
    }
  }

  #addAliases(): void {
    const other = (): string => this.#random.pick(this.#origins);
    const targets = [
      ...['www', 'nothing', 'x.y.z.empty', 'empty', 'any.wild', 'x.cut', 'bare', 'x.bare', 'cut', 'ours'],
      ...['y.alias-wild', 'x.loop-wild', 'txt600', 'manycut', 'self'],
    ].map((label) => `${label}.${this.#origin}`);
    targets.push(this.#origin, `www.${other()}`, `nothing.${other()}`, `alias0.${other()}`, other());
    targets.push('www.elsewhere.invalid.', `any.wild.${other()}`, `x.cut.${other()}`);
    for (const [i, target] of targets.entries()) this.#add(`alias${i}`, 'CNAME', target);
    for (let i = 0; i < 5; i++) {
      this.#add(`chain${i}`, 'CNAME', `${i < 4 ? `chain${i + 1}` : 'www'}.${this.#origin}`);
    }
    this.#add('self', 'CNAME', `self.${this.#origin}`);
    this.#add('ring0', 'CNAME', `ring1.${this.#origin}`);
    this.#add('ring1', 'CNAME', `ring0.${this.#origin}`);
  }

  #addServices(): void {
    const other = this.#random.pick(this.#origins);
    const hosts = ['www', 'mail', 'any.wild', 'nothing', 'alias0', 'x.cut', 'ns.cut'];
    for (const [i, host] of hosts.entries()) {
      this.#add('mx', 'MX', `${i} ${host}.${this.#origin}`);
      this.#add('_sip._tcp', 'SRV', `${i} 0 5060 ${host}.${this.#origin}`);
    }
    this.#add('mx', 'MX', `20 www.${other}`);
    this.#add('nullmx', 'MX', '0 .');
    this.#add('_sip._tcp', 'SRV', `9 0 5060 www.${other}`);
    this.#add('svc', 'HTTPS', `1 www.${this.#origin} port=8443`);
    this.#add('naptr', 'NAPTR', `1 2 "s" "SIP+D2U" "" _sip._tcp.${this.#origin}`);
    this.#add('ptr', 'PTR', `www.${this.#origin}`);
    this.#add('hinfo', 'HINFO', '"a cpu" "an os"');
    this.#add('rp', 'RP', `admin.${this.#origin} txt600.${this.#origin}`);
    this.#add('afsdb', 'AFSDB', `1 www.${this.#origin}`);
    this.#add('sshfp', 'SSHFP', `4 2 ${'ab'.repeat(32)}`);
    this.#add('_443._tcp', 'TLSA', `3 1 1 ${'cd'.repeat(32)}`);
    this.#add('known', 'TYPE1', '\\# 4 c0000201');
    this.#add('unknown', 'TYPE731', '\\# 6 abcdef 012345');
    this.#add('unknown', 'TYPE1000', '\\# 0');
  }

  /** RRsets around the sizes at which responses are truncated: 512, 1232 and the reach of TCP. */
  #addLongOnes(): void {
    for (const size of [300, 420, 440, 460, 600, 1100, 1140, 1160, 1180, 1400, 5000]) {
      const whole = '"'.concat('t'.repeat(199), '" ').repeat(Math.floor(size / 200));
      this.#add(`txt${size}`, 'TXT', `${whole}"${'r'.repeat(size % 200)}"`);
    }
    for (const count of [25, 29, 30, 70, 75, 76, 100]) {
      for (let i = 0; i < count; i++) this.#add(`a${count}`, 'A', `198.51.100.${i}`);
    }
    for (let i = 0; i < 30; i++) this.#add('mx30', 'MX', `${i} host-${i}.mx30.${this.#origin}`);
    for (const count of [15, 20, 40, 50]) {
      const provider = `${'p'.repeat(1 + this.#random.below(30))}.invalid.`;
      for (let i = 0; i < count; i++) this.#add(`mx-out${count}`, 'MX', `${i} host-${i}.${provider}`);
    }
  }

  #addDnames(): void {
    const other = this.#random.pick(this.#origins);
    this.#add('dname', 'DNAME', `wild.${this.#origin}`);
    this.#add('dname-out', 'DNAME', other);
    this.#add('dname-long', 'DNAME', `${'l'.repeat(63)}.${'l'.repeat(63)}.${'l'.repeat(63)}.${this.#origin}`);
  }
}
