// @ts-check
// Server-sent events read by hand: EventSource cannot show a token. Ends when the stream does, or when
// nothing has come for longer than the server's beat allows.

/** @import { Event } from '../control/events.ts' */
/** @import { Api } from './api.js' */
import { Refused } from './api.js';

/** The server says every 15 s that it lives. */
const silenceMaxMs = 35_000;

/**
 * Follows the events after an id; `onOpen` is called when the stream is open.
 * @param {Api} api
 * @param {number} after
 * @param {AbortSignal} signal
 * @param {{ onOpen(): void, onEvent(event: Event): void, onMissed(): void }} listener
 */
export async function follow(api, after, signal, { onOpen, onEvent, onMissed }) {
  const silence = new AbortController();
  const response = await api.stream(`events?after=${after}`, AbortSignal.any([signal, silence.signal]));
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  let timer = setTimeout(() => silence.abort(), silenceMaxMs);
  let rest = '';
  onOpen();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silenceMaxMs);
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const { kind, data } = parseBlock(block);
        if (kind === 'missed') onMissed();
        else if (data !== '') onEvent(JSON.parse(data));
      }
    }
  } catch (error) {
    if (silence.signal.aborted) throw new Refused(0, 'nothing came for too long', '');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** @param {string} block */
function parseBlock(block) {
  const fields = { event: '', data: '' };
  for (const line of block.split('\n')) {
    const [, name, value = ''] = /^(event|data): ?(.*)$/.exec(line) ?? [];
    if (name === 'event' || name === 'data') fields[name] += value;
  }
  return { kind: fields.event, data: fields.data };
}
