// @ts-check
// The operator's hand: a dialog that asks why and for how long, and says what came of it. What would leave a
// pool without a member is refused by the server, in its words, and done only when asked for again.

/** @import { Answered, HandReport } from '../control/handreport.ts' */
/** @import { Place, State } from './state.js' */
import { Refused } from './api.js';
import { byId, h, render } from './elements.js';
import { printOwner, printShare, printSpan } from './printing.js';

/**
 * The member of one pool, and nothing that its name would be a pattern for.
 * @param {Place} place
 */
export function selectorOf({ pool, member }) {
  const literal = (/** @type {string} */ text) => text.replace(/[\\*?]/g, '\\$&').replaceAll('@', '?');
  return `${literal(member.name)}@${literal(pool.owner)}`;
}

/** @param {HandReport} report */
function outcomeText({ answers, goneAt, now, notServed, notKept, verb }) {
  const given = answers.map((one) => `${printOwner(one.owner)} ${one.type}: ${answerText(one)}`);
  const words = [`${verb === 'drain' ? 'Drained' : 'Undrained'}. Given now: ${given.join('; ')}.`];
  if (goneAt !== undefined && goneAt > now)
    words.push(`The last cached answer is gone in ${printSpan(goneAt - now)}.`);
  if (notServed !== undefined) words.push(`Not in service yet: ${notServed}.`);
  if (notKept !== undefined) words.push(`Not kept over a restart: ${notKept}.`);
  return words.join(' ');
}

/** @param {Answered} answered */
function answerText({ mode, members }) {
  if (mode !== 'sets') return mode === 'nodata' ? 'NODATA' : 'SERVFAIL';
  const given = members.filter(({ share }) => share > 0);
  return given.map(({ member, share }) => `${member} ${printShare(share)}`).join(', ');
}

/**
 * @typedef {object} Around
 * @property {(path: string, parameters: [string, string][]) => Promise<any>} post
 * @property {(text: string) => void} done
 */

export class HandDialog {
  /**
   * @param {State} state
   * @param {Around} around
   */
  constructor(state, around) {
    this.state = state;
    this.around = around;
    this.dialog = byId('hand', HTMLDialogElement);
    this.form = byId('hand-form', HTMLFormElement);
    /** @type {Place | undefined} */
    this.place = undefined;
    this.isForced = false;
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#drain();
    });
    byId('hand-cancel', HTMLButtonElement).addEventListener('click', () => this.dialog.close());
  }

  /**
   * Asks for a reason.
   * @param {Place} place
   */
  open(place) {
    this.place = place;
    this.form.reset();
    this.#say('', false);
    const who = h('bdi', {}, place.member.name);
    const where = h('bdi', {}, printOwner(place.pool.owner));
    render(byId('hand-title', HTMLHeadingElement), 'Drain ', who, ' of ', where);
    this.dialog.showModal();
    byId('hand-reason', HTMLInputElement).focus();
  }

  /** @param {Place} place */
  async undrain(place) {
    try {
      const parameters = /** @type {[string, string][]} */ ([
        ['verb', 'undrain'],
        ['selector', selectorOf(place)],
      ]);
      this.around.done(outcomeText(await this.around.post('hand', parameters)));
    } catch (error) {
      this.around.done(`\u2715 ${faultText(error)}`);
    }
  }

  async #drain() {
    if (this.place === undefined) return;
    /** @type {[string, string][]} */
    const parameters = [
      ['verb', 'drain'],
      ['selector', selectorOf(this.place)],
    ];
    const reason = byId('hand-reason', HTMLInputElement).value.trim();
    const span = byId('hand-for', HTMLSelectElement).value;
    if (reason !== '') parameters.push(['reason', reason]);
    if (span !== '') parameters.push(['for', span]);
    if (this.isForced) parameters.push(['force', '']);
    try {
      const report = await this.around.post('hand', parameters);
      this.dialog.close();
      this.around.done(outcomeText(report));
    } catch (error) {
      this.#say(faultText(error), error instanceof Refused && error.status === 409 && !this.isForced);
    }
  }

  /**
   * @param {string} fault
   * @param {boolean} mayForce
   */
  #say(fault, mayForce) {
    this.isForced = mayForce;
    const text = byId('hand-fault', HTMLParagraphElement);
    render(text, fault === '' ? '' : `\u2715 ${fault}`);
    text.hidden = fault === '';
    render(byId('hand-submit', HTMLButtonElement), mayForce ? 'Drain all the same' : 'Drain');
  }
}

/** @param {unknown} error */
export function faultText(error) {
  if (!(error instanceof Refused)) return String(error);
  return error.hint === '' || error.status === 409 ? error.message : `${error.message} (${error.hint})`;
}
