// Numbers for property tests: the same seed gives the same run, so a failure can be repeated.

/** A generator of whole numbers from a seed (splitmix32). */
export function randomFrom(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  return {
    /** A whole number from 0 to n - 1. */
    below: (n: number) => Math.floor((next() / 2 ** 32) * n),
    pick: <T>(choices: readonly T[]): T => choices[Math.floor((next() / 2 ** 32) * choices.length)]!,
  };
}
