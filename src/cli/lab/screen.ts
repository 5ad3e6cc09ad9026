// The lab on a terminal: the alternate screen, drawn over in place, and keys. Whatever ends the process, the
// terminal is given back as it was.
import { painter } from '../command.ts';
import type { Lab } from './lab.ts';
import { type Action, toyNames } from './toys.ts';
import { view } from './view.ts';

const drawMs = 500;
/** Where a terminal does not say how large it is. */
const usualSize = { columns: 80, rows: 24 };

const sequence = {
  enter: '\x1b[?1049h\x1b[?25l',
  leave: '\x1b[?25h\x1b[?1049l',
  home: '\x1b[H',
  clearLine: '\x1b[K',
  clearBelow: '\x1b[J',
} as const;

const actionKeys: Readonly<Record<string, Action>> = { k: 'kill', s: 'slow', f: 'fail', r: 'revive' };
const quitKeys: readonly string[] = ['q', '\x03', '\x04']; // Ctrl-C and Ctrl-D: no signal comes in raw mode
const up = '\x1b[A';
const down = '\x1b[B';

/** Shows the lab until `ended`; `quit` is called when the operator wants to leave. */
export async function showScreen(lab: Lab, ended: Promise<unknown>, quit: () => void): Promise<void> {
  const screen = new Screen(lab, quit);
  await ended;
  screen.close();
}

class Screen {
  readonly #lab: Lab;
  readonly #quit: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #restore: () => void;
  readonly #draw = (): void => this.draw();
  readonly #onData = (keys: Buffer): void => this.#press(keys.toString('latin1'));
  /** Index of the web server that keys act on; undefined where nobody can press one. */
  #chosen: number | undefined;

  constructor(lab: Lab, quit: () => void) {
    const { stdin, stdout } = process;
    this.#lab = lab;
    this.#quit = quit;
    this.#restore = () => {
      stdout.write(sequence.leave);
      if (stdin.isTTY) stdin.setRawMode(false);
    };
    process.once('exit', this.#restore);
    stdout.write(sequence.enter);
    stdout.on('resize', this.#draw);
    if (stdin.isTTY) {
      this.#chosen = 1;
      stdin.setRawMode(true);
      stdin.on('data', this.#onData);
    }
    lab.onHappening = this.#draw;
    this.#timer = setInterval(this.#draw, drawMs);
    this.draw();
  }

  draw(): void {
    const { columns = usualSize.columns, rows = usualSize.rows } = process.stdout;
    const chosen = this.#chosen === undefined ? undefined : toyNames[this.#chosen];
    const lines = view(this.#lab.state(), chosen, { columns, rows }, painter);
    const drawn = lines.map((line) => line + sequence.clearLine).join('\r\n');
    process.stdout.write(sequence.home + drawn + sequence.clearBelow);
  }

  close(): void {
    clearInterval(this.#timer);
    process.stdout.off('resize', this.#draw);
    process.stdin.off('data', this.#onData);
    if (process.stdin.isTTY) process.stdin.pause(); // or it would keep this process
    this.#lab.onHappening = () => {};
    process.off('exit', this.#restore);
    this.#restore();
  }

  #press(keys: string): void {
    const steps = keys === up || keys === down ? [keys] : [...keys];
    for (const key of steps) this.#pressOne(key);
    this.draw();
  }

  #pressOne(key: string): void {
    const action = actionKeys[key];
    const last = toyNames.length - 1;
    const chosen = this.#chosen ?? 0;
    if (quitKeys.includes(key)) this.#quit();
    else if (action !== undefined) void this.#lab.act(action, toyNames[chosen]!);
    else if (key === up) this.#chosen = Math.max(0, chosen - 1);
    else if (key === down) this.#chosen = Math.min(last, chosen + 1);
    else if (key >= '1' && key <= String(toyNames.length)) this.#chosen = Number(key) - 1;
  }
}
