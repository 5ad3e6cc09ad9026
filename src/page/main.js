// @ts-check
// The page: wires the state, what fills it (live.js), the views that are made of it and the controls that are
// always there. Everything is drawn again whenever something has changed, and once a second for the ages.

/** @import { Place } from './state.js' */
import { announcement, attentionView, titleOf } from './attention.js';
import { connectionView, factsView, tokenView } from './connection.js';
import { byId, render } from './elements.js';
import { evidenceView } from './evidence.js';
import { explainView } from './explain.js';
import { faultText, HandDialog } from './hand.js';
import { lanesView } from './lanes.js';
import { Live } from './live.js';
import { poolCount, poolsView } from './pools.js';
import { ratesView } from './rates.js';
import { askForToken, forgetToken, listenForToken, showBoard, storedToken } from './session.js';
import { emptyState, eventsStep, poolsStep } from './state.js';
import { timelineView } from './timeline.js';

const state = emptyState();
let isPlanned = false;
const live = new Live(state, { onChange: plan, onSignedOut: signOut });
const handDialog = new HandDialog(state, {
  post: (path, parameters) => live.api.post(path, parameters),
  done: (text) => {
    say(text);
    void live.refresh();
  },
});
const evidenceDialog = byId('evidence', HTMLDialogElement);

const poolActions = {
  toggle: (/** @type {string} */ key, /** @type {boolean} */ isOpen) => {
    state.opened.set(key, isOpen);
    draw();
    void live.refresh();
  },
  more: () => {
    state.poolsShown += poolsStep;
    draw();
  },
  evidence: (/** @type {Place} */ place) => void showEvidence(place),
  drain: (/** @type {Place} */ place) => handDialog.open(place),
  undrain: (/** @type {Place} */ place) => void handDialog.undrain(place),
};

/** Draws soon, however often it is wished for. */
function plan() {
  if (isPlanned) return;
  isPlanned = true;
  requestAnimationFrame(draw);
}

function draw() {
  isPlanned = false;
  const fill = (/** @type {string} */ id, /** @type {import('./elements.js').Content[]} */ content) =>
    render(byId(id, HTMLElement), ...content);
  fill('connection', connectionView(state, { retry: () => live.now() }));
  fill('session', tokenView(state, { signOut: () => signOut('') }));
  fill('attention-list', attentionView(state));
  fill('rates-chart', ratesView(state));
  fill('pool-count', [poolCount(state)]);
  fill('pool-list', poolsView(state, poolActions));
  fill('lanes', lanesView(state));
  fill('event-list', timelineView(state, { more: showMoreEvents }));
  fill('facts', factsView(state));
  fill('explained', explainView(state));
  if (evidenceDialog.open)
    fill('evidence-body', evidenceView(state, { close: () => evidenceDialog.close() }));
  document.body.classList.toggle('stale', state.connection.phase === 'lost');
  const title = titleOf(state);
  if (document.title !== title) document.title = title;
  const said = byId('announcer', HTMLElement);
  const text = announcement(state);
  if (said.dataset.text !== text) {
    said.dataset.text = text;
    render(said, text);
  }
}

function showMoreEvents() {
  state.eventsShown += 2 * eventsStep;
  draw();
}

/** @param {string} text */
function say(text) {
  const outcome = byId('outcome', HTMLElement);
  outcome.hidden = text === '';
  render(byId('outcome-text', HTMLElement), text);
}

/** @param {Place} place */
async function showEvidence(place) {
  const shown = (state.evidence = { place });
  evidenceDialog.showModal();
  draw();
  await askEvidence(shown);
}

let isAskingEvidence = false;

/** @param {NonNullable<typeof state.evidence>} shown */
async function askEvidence(shown) {
  if (isAskingEvidence) return;
  isAskingEvidence = true;
  const { pool, member } = shown.place;
  try {
    shown.evidence = await live.api.get('evidence', { owner: pool.owner, address: member.address });
    delete shown.fault;
  } catch (error) {
    shown.fault = faultText(error);
  }
  isAskingEvidence = false;
  plan();
}

async function explain() {
  const value = (/** @type {string} */ id) => byId(id, HTMLInputElement).value.trim();
  const [name, type, from] = [value('explain-name'), value('explain-type'), value('explain-from')];
  state.explained = { isAsking: true };
  draw();
  try {
    const parameters = { name, type: type === '' ? 'A' : type, ...(from === '' ? {} : { from }) };
    state.explained = { explanation: await live.api.get('explain', parameters) };
  } catch (error) {
    if (state.token === undefined) return; // signed out meanwhile
    state.explained = { fault: faultText(error) };
  }
  draw();
}

/** @param {string} token */
function signIn(token) {
  showBoard();
  live.start(token);
  byId('main', HTMLElement).focus();
}

/** @param {string} why */
function signOut(why) {
  live.stop();
  forgetToken();
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  Object.assign(state, emptyState());
  say('');
  draw();
  askForToken(why);
}

/** @param {KeyboardEvent} event */
function takeKey(event) {
  const { target, key, ctrlKey, metaKey, altKey } = event;
  const isTyping =
    target instanceof HTMLInputElement && target.type !== 'checkbox' && target.type !== 'radio';
  const isElsewhere =
    isTyping || target instanceof HTMLSelectElement || document.querySelector('dialog[open]');
  if (ctrlKey || metaKey || altKey || isElsewhere || byId('board', HTMLElement).hidden) return;
  const field = new Map([
    ['/', 'filter'],
    ['e', 'explain-name'],
  ]).get(key);
  if (field !== undefined) {
    event.preventDefault();
    byId(field, HTMLInputElement).focus();
  } else if (key === 'r') live.now();
}

function listen() {
  const filter = byId('filter', HTMLInputElement);
  filter.addEventListener('input', () => {
    Object.assign(state, { filter: filter.value, poolsShown: poolsStep });
    draw();
  });
  filter.addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape') return;
    filter.value = '';
    state.filter = '';
    draw();
  });
  const isTroubleOnly = byId('trouble-only', HTMLInputElement);
  isTroubleOnly.addEventListener('change', () => {
    state.isTroubleOnly = isTroubleOnly.checked;
    draw();
  });
  const withPublications = byId('with-publications', HTMLInputElement);
  withPublications.addEventListener('change', () => {
    state.withPublications = withPublications.checked;
    draw();
  });
  const span = byId('window', HTMLSelectElement);
  span.addEventListener('change', () => {
    state.windowMs = Number(span.value);
    draw();
  });
  byId('explain-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    void explain();
  });
  byId('outcome-close', HTMLButtonElement).addEventListener('click', () => say(''));
  evidenceDialog.addEventListener('close', () => {
    state.evidence = undefined;
  });
  document.addEventListener('keydown', takeKey);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) live.now();
  });
  window.addEventListener('online', () => live.now());
  setInterval(() => {
    if (document.hidden) return;
    draw();
    if (state.evidence !== undefined && state.connection.phase === 'live') void askEvidence(state.evidence);
  }, 1000);
}

listen();
listenForToken(signIn);
if (storedToken() === '') askForToken('');
else signIn(storedToken());
