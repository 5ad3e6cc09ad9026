// What the operator may have meant: hints for words that nobody knows. Used wherever faults are made.

/** Names the choice that `word` was probably meant to be, or lists all choices where there are few. */
export function suggest(word: string, choices: readonly string[]): string {
  const near = nearest(word, choices);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (choices.length === 0 || choices.length > 16) return '';
  return choices.length === 1 ? `only "${choices[0]}" is possible` : `one of: ${choices.join(', ')}`;
}

/** The choice with the fewest slips of the pen from `word`, or undefined where none is near. */
export function nearest(word: string, choices: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  let best: string | undefined;
  let fewest = 1 + Math.max(1, Math.min(3, Math.floor(word.length / 3)));
  for (const choice of choices) {
    if (Math.abs(choice.length - word.length) >= fewest) continue;
    const slips = distance(lower, choice.toLowerCase());
    if (slips < fewest) {
      fewest = slips;
      best = choice;
    }
  }
  return best;
}

/** Letters to insert, drop, change or swap with their neighbour to make one word of the other. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + change);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, beforeLast[j - 2]! + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
