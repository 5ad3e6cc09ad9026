// Master files to records (RFC 1035 §5, RFC 2308 §4, RFC 3597): one pass over the octets of a zone file and
// of those it includes. Faults are collected, each with its place, and the scan goes on with the next record;
// a record with a fault adds no row. Records of one owner in a row share its octets. Called by the loader;
// wire/tokens.ts reads words, wire/rdata.ts RDATA, zone/include.ts opens files.
import type { Fault } from '../faults.ts';
import { faultsMax, generatedTextMax, nameSizeMax, ttlMax } from '../limits.ts';
import { readUint32, sameOctets } from '../wire/bytes.ts';
import { parseNameToken } from '../wire/fields.ts';
import { parseSeconds, parseString, TOO_LARGE } from '../wire/literals.ts';
import { TYPE } from '../wire/numbers.ts';
import { isMetaType, parseRdata, typeFromText, typeText } from '../wire/rdata.ts';
import { TOKEN, Tokens } from '../wire/tokens.ts';
import { expand, parseTemplate, type Template } from './generate.ts';
import { type FileAccess, Includes } from './include.ts';
import { Records } from './records.ts';
import { beginsWithDigit, isClass, isClassIn } from './words.ts';

/** How far a scan is, is told each time so many records have come, less one: 65,536. */
const tellMask = 0xffff;

const grammar = 'a record is: OWNER [TTL] [IN] TYPE DATA';

/** What holds for the whole zone while its files are read. */
type Scan = {
  readonly records: Records;
  readonly faults: Fault[];
  /** By index in `records.files`: a file's faults, however often it is included. */
  readonly faultsOf: number[];
  readonly includes: Includes;
  readonly tell: FileAccess['tell'];
  /**
   * From $TTL, or from a SOA without a TTL of its own; -1 while there is none. Goes on behind $INCLUDE, as in
   * BIND.
   */
  ttlDefault: number;
  /** The TTL last written (RFC 1035 §5.1), or -1. */
  ttlLast: number;
  /** Whether it was said already that a TTL is missing. */
  ttlMissed: boolean;
  /** Octets of text that $GENERATE made so far. */
  generated: number;
};

/** What holds for one file; $INCLUDE puts another in front of it. */
type Source = {
  readonly scan: Scan;
  readonly path: string;
  /** Index in `records.files`. */
  readonly file: number;
  readonly tokens: Tokens;
  origin: Uint8Array;
  /** The owner of the last record: offset and length in `records.octets`; -1 before the first. */
  ownerAt: number;
  ownerLength: number;
};

/**
 * Loads the zone file `file`. `origin` is the zone's name in wire form; `options.root` is the folder that
 * $INCLUDE may not leave. Nothing is thrown for what the operator wrote, nor for files that cannot be read:
 * see `faults`.
 */
export function loadZoneFile(
  file: string,
  origin: Uint8Array,
  options: FileAccess,
): { records: Records; faults: Fault[] } {
  const records = new Records();
  const faults: Fault[] = [];
  const includes = new Includes(options);
  const scan: Scan = {
    records,
    tell: options.tell,
    faults,
    faultsOf: [],
    includes,
    ttlDefault: -1,
    ttlLast: -1,
    ttlMissed: false,
    generated: 0,
  };
  const opened = includes.open(file);
  records.files.push(file);
  if (typeof opened === 'string') {
    faults.push({ severity: 'error', file, line: 1, column: 1, what: opened, hint: 'is the path right?' });
  } else scanFile(scan, file, opened, origin);
  return { records, faults };
}

function scanFile(scan: Scan, path: string, octets: Uint8Array, origin: Uint8Array): void {
  const { records } = scan;
  const { files } = records;
  const known = files.indexOf(path);
  const file = known < 0 ? files.push(path) - 1 : known;
  if ((scan.faultsOf[file] ?? 0) >= faultsMax) return; // it was said that it is not read
  const marked = octets[0] === 0xef && octets[1] === 0xbb && octets[2] === 0xbf; // byte order mark
  const text = marked ? octets.subarray(3) : octets;
  scan.records.texts[file] = text;
  scan.records.expect(text.length);
  const tokens = new Tokens(text);
  const source: Source = { scan, path, file, tokens, origin, ownerAt: -1, ownerLength: 0 };
  while (tokens.startRecord()) {
    if (tokens.kind === TOKEN.end) continue; // an empty line, or a comment
    if (scanEntry(source)) {
      if (records.count > 0 && (records.count & tellMask) === 0)
        scan.tell?.(`${records.count.toLocaleString('en-US')} records`);
      continue;
    }
    tokens.skipRecord();
    if (!report(source)) return;
  }
}

/** Adds the record's problem to the faults; false when the file has had its share of them. */
function report(source: Source): boolean {
  const { faults, faultsOf } = source.scan;
  const { path: file, tokens } = source;
  faults.push({ severity: 'error', file, ...tokens.problem! });
  const count = (faultsOf[source.file] ?? 0) + 1;
  faultsOf[source.file] = count;
  if (count < faultsMax) return true;
  const what = `${faultsMax} faults in this file; the rest of it is not read`;
  faults.push({ severity: 'error', file, line: tokens.line, column: 1, what, hint: 'mend these first' });
  return false;
}

/** Scans one entry: a directive or a record. False: tokens.problem says what is wrong with it. */
function scanEntry(source: Source): boolean {
  const { tokens } = source;
  const { records } = source.scan;
  if (!tokens.indented) {
    if (tokens.octets[tokens.from] === 0x24 && tokens.kind === TOKEN.word) return scanDirective(source);
    if (!scanOwner(source)) return false;
    tokens.next();
  } else if (source.ownerAt < 0) {
    tokens.fail(
      'a record without an owner, and none stands before it',
      'a line that begins with a blank has none',
    );
    return false;
  }
  const start = records.used;
  if (scanRecord(source)) return true;
  records.used = start;
  return false;
}

/** Reads the owner; a record's owner that is the one before it, octet for octet, is not stored again. */
function scanOwner(source: Source): boolean {
  const { tokens, origin } = source;
  const { records } = source.scan;
  const at = records.reserve(nameSizeMax);
  const size = parseNameToken(tokens, origin, records.octets, at);
  if (size < 0) {
    if (source.ownerAt < 0) keepOrigin(source);
    return false;
  }
  const { octets } = records; // another store, perhaps, since there had to be room
  if (size === source.ownerLength && sameOctets(octets, at, octets, source.ownerAt, size)) return true;
  source.ownerAt = at;
  source.ownerLength = size;
  records.used += size;
  return true;
}

/**
 * Takes the origin for an owner that cannot be read, so that the records that follow it are still looked at.
 */
function keepOrigin(source: Source): void {
  const { records } = source.scan;
  source.ownerAt = records.reserve(source.origin.length);
  source.ownerLength = source.origin.length;
  records.octets.set(source.origin, source.ownerAt);
  records.used += source.origin.length;
}

/** Scans `[TTL] [class] type RDATA`, TTL and class in either order, and adds the row. */
function scanRecord(source: Source): boolean {
  const { tokens, scan } = source;
  const { records } = scan;
  let ttl = -1;
  let classSeen = false;
  for (;;) {
    if (tokens.kind !== TOKEN.word) return tokens.expected('an RR type');
    const first = tokens.octets[tokens.from]!;
    if (first >= 48 && first <= 57) {
      if (ttl >= 0) return tokens.fail(`"${tokens.text()}" stands where an RR type is expected`, grammar);
      ttl = scanTtl(tokens);
      if (ttl < 0) return false;
    } else if (!classSeen && isClass(tokens)) {
      if (!isClassIn(tokens))
        return tokens.fail(`class ${tokens.text()} is not served`, 'write IN, or nothing');
      classSeen = true;
    } else break;
    tokens.next();
  }
  const type = typeFromText(tokens.octets, tokens.from, tokens.to);
  if (type < 0) return failType(tokens, classSeen || ttl >= 0);
  if (isMetaType(type)) return tokens.fail(`${typeText(type)} is a type of questions, not of data`, grammar);
  const { line, lineAt, from } = tokens;
  const rdataAt = records.used;
  if (!parseRdata(type, tokens, records, source.origin)) return false;
  const rdataLength = records.used - rdataAt;
  if (ttl >= 0) scan.ttlLast = ttl;
  else if ((ttl = impliedTtl(scan, type, rdataAt + rdataLength)) < 0) {
    return tokens.failAt(
      line,
      lineAt,
      from,
      'a record without a TTL, and none is given before it',
      'begin with $TTL 1h',
    );
  }
  const row = records.addRow();
  records.ownerAt[row] = source.ownerAt;
  records.ownerLength[row] = source.ownerLength;
  records.type[row] = type;
  records.ttl[row] = ttl;
  records.rdataAt[row] = rdataAt;
  records.rdataLength[row] = rdataLength;
  records.file[row] = source.file;
  records.placeAt[row] = from;
  return true;
}

/** The TTL of a record that has none of its own, or -1. `end` is where its RDATA ends. */
function impliedTtl(scan: Scan, type: number, end: number): number {
  if (scan.ttlDefault >= 0) return scan.ttlDefault;
  if (scan.ttlLast >= 0) return scan.ttlLast;
  if (type === TYPE.SOA) {
    // As BIND has it: the SOA's MINIMUM is then the default for all that follows.
    scan.ttlDefault = Math.min(readUint32(scan.records.octets, end - 4), ttlMax);
    return scan.ttlDefault;
  }
  if (scan.ttlMissed) return 0; // said once; the zone is refused
  scan.ttlMissed = true;
  return -1;
}

function scanTtl(tokens: Tokens): number {
  const ttl = parseSeconds(tokens.octets, tokens.from, tokens.to, ttlMax);
  if (ttl === TOO_LARGE) tokens.fail(`a TTL of ${tokens.text()} is too large`, `at most ${ttlMax} seconds`);
  else if (ttl < 0) tokens.fail(`"${tokens.text()}" is neither a TTL nor an RR type`, grammar);
  return ttl;
}

function failType(tokens: Tokens, sure: boolean): false {
  if (!tokens.indented || sure)
    return tokens.fail(`"${tokens.text()}" is no RR type`, `${grammar}; TYPEnnn for others`);
  const hint =
    'an owner name must begin in the first column; a line with a blank there continues the owner above';
  return tokens.fail(`"${tokens.text()}" is no RR type`, hint);
}

function scanDirective(source: Source): boolean {
  const { tokens, scan } = source;
  const directive = tokens.text().toUpperCase();
  switch (directive) {
    case '$ORIGIN':
      return scanOrigin(source);
    case '$TTL': {
      if (tokens.next() !== TOKEN.word) return tokens.expected('a TTL');
      const ttl = parseSeconds(tokens.octets, tokens.from, tokens.to, ttlMax);
      if (ttl === TOO_LARGE)
        return tokens.fail(`a TTL of ${tokens.text()} is too large`, `at most ${ttlMax} seconds`);
      if (ttl < 0) return tokens.expected('a TTL');
      scan.ttlDefault = ttl;
      return endOfDirective(tokens);
    }
    case '$INCLUDE':
      return scanInclude(source);
    case '$GENERATE':
      return scanGenerate(source);
    default:
      return tokens.fail(
        `${directive} is not supported`,
        'there are $ORIGIN, $TTL, $INCLUDE and $GENERATE; an owner: \\$',
      );
  }
}

/** Parses the current token as a name; undefined: tokens.problem says why. */
function directiveName({ tokens, origin }: Source): Uint8Array | undefined {
  const name = new Uint8Array(nameSizeMax);
  const size = parseNameToken(tokens, origin, name, 0);
  return size < 0 ? undefined : name.slice(0, size);
}

function scanOrigin(source: Source): boolean {
  source.tokens.next();
  const origin = directiveName(source);
  if (origin === undefined || !endOfDirective(source.tokens)) return false;
  source.origin = origin;
  return true;
}

/**
 * `$INCLUDE file [origin]`: origin and owner of the including file stand as they were afterwards (RFC 1035
 * §5.1).
 */
function scanInclude(source: Source): boolean {
  const { tokens, scan } = source;
  if (tokens.next() !== TOKEN.word && tokens.kind !== TOKEN.quoted) return tokens.expected('a file name');
  const { line, lineAt, from } = tokens;
  const octets = new Uint8Array(tokens.to - tokens.from);
  const size = parseString(tokens.octets, tokens.from, tokens.to, octets, 0);
  if (size < 0) return tokens.fail('a bad escape in a file name', '\\\\ for a backslash');
  let { origin } = source;
  if (tokens.next() !== TOKEN.end) {
    const given = directiveName(source);
    if (given === undefined) return false;
    origin = given;
    if (!endOfDirective(tokens)) return false;
  }
  const name = new TextDecoder().decode(octets.subarray(0, size));
  const path = scan.includes.resolve(source.path, name);
  const opened = scan.includes.enter(path);
  if (typeof opened === 'string') return tokens.failAt(line, lineAt, from, opened, scan.includes.rule);
  scanFile(scan, path, opened, origin);
  scan.includes.leave();
  return true;
}

/** `$GENERATE`: each record it makes is read like a line of the file; the first fault ends it. */
function scanGenerate(source: Source): boolean {
  const { tokens, scan } = source;
  const { line, lineAt, from } = tokens;
  const isType = () => !isClass(tokens) && !beginsWithDigit(tokens);
  const template = parseTemplate(tokens, isType);
  if (template === undefined) return false;
  for (let n = 0; n < template.count; n++) {
    const number = template.start + n * template.step;
    const made = expand(template, number);
    if (made === undefined) {
      return tokens.failAt(line, lineAt, from, `a number below 0 for ${number}`, 'begin with a larger one');
    }
    const text = made.owner + template.middle + made.data;
    scan.generated += text.length;
    if (scan.generated > generatedTextMax) {
      const what = 'the $GENERATEs of this zone make too much';
      return tokens.failAt(line, lineAt, from, what, `at most ${generatedTextMax} octets of text`);
    }
    if (!scanGenerated(source, template, number, text, made.owner.length)) return false;
  }
  return true;
}

/** Scans the text of one generated record and gives it the place of its directive. */
function scanGenerated(
  source: Source,
  template: Template,
  number: number,
  text: string,
  ownerSize: number,
): boolean {
  const { records } = source.scan;
  const { tokens: outer } = source;
  const tokens = new Tokens(Buffer.from(text, 'latin1'));
  const inner: Source = { ...source, tokens, ownerAt: -1, ownerLength: 0 };
  const start = records.used;
  tokens.startRecord();
  if (scanOwner(inner)) {
    tokens.next();
    if (scanRecord(inner)) {
      records.placeAt[records.count - 1] = template.ownerAt.from;
      return true;
    }
  }
  records.used = start;
  const { column, what, hint } = tokens.problem!;
  const place = column <= ownerSize ? template.ownerAt : template.dataAt;
  return outer.failAt(place.line, place.lineAt, place.from, `${what}, for ${number}`, hint);
}

function endOfDirective(tokens: Tokens): boolean {
  if (tokens.kind === TOKEN.word) tokens.next();
  return (
    tokens.kind === TOKEN.end || tokens.fail(`"${tokens.text()}" stands behind the directive`, 'remove it')
  );
}
