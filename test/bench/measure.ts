// What a server costs, read from /proc: CPU time and memory of a process and all that it started. Linux
// only. CPU time comes in ticks of 10 ms (USER_HZ, 100 on every Linux that node runs on), so a run of 2 s is
// read to half a per cent. The kernel scales utime + stime to the precise run time of the tasks, threads
// that ended included.
import { readdirSync, readFileSync } from 'node:fs';

const tickMs = 10;

/** The fields of /proc/PID/stat after the command name, which may hold spaces: [0] is the state (field 3). */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // ended meanwhile
  }
}

/** The process and its descendants, parents first. */
function processTree(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const fields = Number.isInteger(pid) ? statFields(pid) : undefined;
    if (fields === undefined) continue;
    const parent = Number(fields[1]);
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (let at = 0; at < tree.length; at++) tree.push(...(childrenOf.get(tree[at]!) ?? []));
  return tree;
}

/** CPU time in milliseconds that the process tree has used since it began, in user and kernel. */
export function cpuMs(root: number): number {
  let ticks = 0;
  for (const pid of processTree(root)) {
    const fields = statFields(pid);
    // utime, stime, and the same of children that ended: fields 14 to 17 of proc(5)
    if (fields !== undefined) for (let at = 11; at <= 14; at++) ticks += Number(fields[at]);
  }
  return ticks * tickMs;
}

/** Proportional set size in octets, summed over the process tree: shared pages count once in all. */
export function pssOctets(root: number): number {
  let octets = 0;
  for (const pid of processTree(root)) {
    try {
      const line = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
      octets += Number(line?.[1] ?? 0) * 1024;
    } catch {
      // ended meanwhile
    }
  }
  return octets;
}

/** Busy and stolen milliseconds of one core since boot: what others do there shows up as the difference. */
export function coreMs(core: number): { readonly busy: number; readonly stolen: number } {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'latin1'));
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = (line?.[1] ?? '')
    .trim()
    .split(/\s+/)
    .map(Number);
  return { busy: (user + nice + system + irq + softirq) * tickMs, stolen: stolen * tickMs };
}

/** The first `model name` of /proc/cpuinfo. */
export function cpuModel(): string {
  return /^model name\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1] ?? 'unknown';
}

/** CPU time of the children of this process that have ended and been waited for. */
export function endedChildrenMs(): number {
  const fields = statFields(process.pid) ?? [];
  return (Number(fields[13]) + Number(fields[14])) * tickMs;
}
