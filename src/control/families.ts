// Metrics as Prometheus reads them: families of series, a bound on how many there are, and the text format
// (version 0.0.4). Pure; what the numbers are is metrics.ts's.

export type Labels = Readonly<Record<string, string>>;

export type Series = {
  readonly labels: Labels;
  readonly value: number;
  /** What stands behind the family's name: `_bucket`, `_sum` or `_count` of a histogram. */
  readonly suffix?: string;
};

export type Family = {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly series: readonly Series[];
  /** Labels that name zones, owners or members: with many of them there are many series. */
  readonly names?: readonly string[];
};

/** Counts of values, each in the first bucket that it is not above. */
export class Histogram {
  readonly bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bucket = this.bounds.findIndex((bound) => value <= bound);
    this.#counts[bucket < 0 ? this.bounds.length : bucket]! += 1;
    this.#sum += value;
  }

  series(labels: Labels): Series[] {
    return histogramSeries(this.bounds, this.#counts, this.#sum, labels);
  }
}

/** The series of a histogram; `counts` has one more than there are bounds, for what is above all. */
export function histogramSeries(
  bounds: readonly number[],
  counts: ArrayLike<number>,
  sum: number,
  labels: Labels,
): Series[] {
  let below = 0;
  const series: Series[] = [...bounds, Number.POSITIVE_INFINITY].map((bound, i) => {
    below += counts[i]!;
    const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound);
    return { labels: { ...labels, le }, value: below, suffix: '_bucket' };
  });
  return [...series, { labels, value: sum, suffix: '_sum' }, { labels, value: below, suffix: '_count' }];
}

/** Adds up series with the same labels: endpoints that differ in what no label says. */
export function merged(series: readonly Series[]): Series[] {
  const sums = new Map<string, Series>();
  for (const one of series) {
    const key = JSON.stringify(one.labels);
    sums.set(key, { ...one, value: one.value + (sums.get(key)?.value ?? 0) });
  }
  return [...sums.values()];
}

/**
 * Bounds the series of all families. Families whose labels name things get equal parts of the room that the
 * others leave; what is beyond its part is added up as `other` in a counter, and left out of a gauge, whose
 * sum would mean nothing. The last two families say how many there are and how many were folded.
 */
export function bounded(families: readonly Family[], seriesMax: number): Family[] {
  const fixed = families.filter(({ names }) => names === undefined);
  const named = families.length - fixed.length;
  const room = seriesMax - 2 - fixed.reduce((sum, { series }) => sum + series.length, 0);
  const total = families.reduce((sum, { series }) => sum + series.length, 0);
  const isOver = total + 2 > seriesMax;
  const part = Math.max(1, Math.floor(room / Math.max(1, named)));
  const kept = isOver ? families.map((family) => folded(family, part)) : [...families];
  const left = kept.reduce((sum, { series }) => sum + series.length, 0);
  const gauge = (name: string, help: string, value: number): Family => {
    return { name, type: 'gauge', help, series: [{ labels: {}, value }] };
  };
  return [
    ...kept,
    gauge('steerdns_series', 'Series in this response.', left + 2),
    gauge(
      'steerdns_series_folded',
      'Series that are not here: added up as other, or left out.',
      total - left,
    ),
  ];
}

/** A family with at most `part` series, the last of them for the rest. */
function folded(family: Family, part: number): Family {
  const { series, names, type } = family;
  if (names === undefined || series.length <= part) return family;
  if (type === 'gauge') return { ...family, series: series.slice(0, part) };
  // One row of the rest for each value of the labels that name nothing, such as an outcome.
  const rest = (from: number) =>
    merged(
      series.slice(from).map(({ labels, value }) => {
        const others = names.map((name) => [name, 'other']);
        return { labels: { ...labels, ...Object.fromEntries(others) }, value };
      }),
    );
  const first = Math.max(0, part - rest(0).length);
  return { ...family, series: [...series.slice(0, first), ...rest(first)] };
}

/** Prints families as text. */
export function printFamilies(families: readonly Family[]): string {
  const lines: string[] = [];
  for (const { name, type, help, series } of families) {
    if (series.length === 0) continue;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const { labels, value, suffix = '' } of series) {
      lines.push(`${name}${suffix}${printLabels(labels)} ${printValue(value)}`);
    }
  }
  return lines.join('\n') + '\n';
}

/** Prints labels in braces, or nothing where there are none. */
export function printLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function printValue(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '+Inf' : String(value);
}
