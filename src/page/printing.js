// @ts-check
// How numbers, times and names are put into words. Pure.

/**
 * A span of time with one or two units: `14 s`, `3 min`, `2 h 5 min`, `4 d 3 h`.
 * @param {number} ms
 */
export function printSpan(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${Math.floor(hours / 24)} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/**
 * The setting of a span: `200 ms`, `2.5 s`, `1 min`.
 * @param {number} ms
 */
export function printSetting(ms) {
  if (ms < 1000) return `${ms} ms`;
  return ms < 60_000 ? `${ms / 1000} s` : printSpan(ms);
}

const two = (/** @type {number} */ number) => String(number).padStart(2, '0');

/**
 * A moment as the reader's clock shows it, with the day where it is not today: `12:03:44`.
 * @param {number} at
 * @param {number} now
 */
export function printMoment(at, now) {
  const [one, today] = [new Date(at), new Date(now)];
  const clock = `${two(one.getHours())}:${two(one.getMinutes())}:${two(one.getSeconds())}`;
  if (one.toDateString() === today.toDateString()) return clock;
  return `${one.getFullYear()}-${two(one.getMonth() + 1)}-${two(one.getDate())} ${clock}`;
}

/**
 * `42.9%`; a dash for what is not known.
 * @param {number | undefined} share
 */
export function printShare(share) {
  return share === undefined ? '\u2013' : `${(share * 100).toFixed(1)}%`;
}

/**
 * `1,234,567`.
 * @param {number} count
 */
export function printCount(count) {
  return count.toLocaleString('en-US');
}

/**
 * A rate in three digits or so: `0`, `3.4`, `271`, `12,400`.
 * @param {number} perSecond
 */
export function printRate(perSecond) {
  return perSecond === 0 || perSecond >= 10 ? printCount(Math.round(perSecond)) : perSecond.toFixed(1);
}

/**
 * `0.42 ms`, `3.1 ms`, `212 ms`.
 * @param {number} ms
 */
export function printLatency(ms) {
  return `${ms < 1 ? ms.toFixed(2) : ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/**
 * A number with the right form of its noun.
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function plural(count, one, many = `${one}s`) {
  return `${printCount(count)} ${count === 1 ? one : many}`;
}

/**
 * An owner as people write it, without the final dot.
 * @param {string} owner
 */
export function printOwner(owner) {
  return owner.replace(/(.)\.$/, '$1');
}
