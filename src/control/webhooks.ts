// Webhooks: each event is sent to whoever the settings name, one after the other, as JSON that is signed. One
// that cannot be delivered is tried again, ever more slowly, until it is old; what waits is bounded. Nothing
// waits for any of this.
//
//   steerdns-signature: t=SECONDS,v1=HEX     HMAC-SHA256 with the secret over `SECONDS.BODY`
import { createHmac } from 'node:crypto';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { WebhookConfig } from '../config/webhooks.ts';
import {
  webhookAgeMaxMs,
  webhookQueueMax,
  webhookRetryMaxMs,
  webhookRetryMs,
  webhookTimeoutMs,
} from '../limits.ts';
import { log } from '../log.ts';
import { version } from '../version.ts';
import type { Event, Events } from './events.ts';

/** What became of events, by webhook. */
export type WebhookCounts = { readonly host: string; delivered: number; refused: number; lost: number };

type Outcome = 'delivered' | 'refused' | { readonly why: string };

export class Webhooks {
  #hooks: Webhook[] = [];
  readonly #retryMs: number;

  constructor(events: Events, retryMs = webhookRetryMs) {
    this.#retryMs = retryMs;
    events.listen((event) => {
      for (const hook of this.#hooks) hook.take(event);
    });
  }

  get counts(): readonly WebhookCounts[] {
    return this.#hooks.map(({ counts }) => counts);
  }

  /** Takes new settings; what waits for a webhook that stays goes on waiting. */
  adopt(configs: readonly WebhookConfig[]): void {
    const before = this.#hooks;
    this.#hooks = configs.map((config) => {
      const same = before.find((hook) => isDeepStrictEqual(hook.config, config));
      return same ?? new Webhook(config, this.#retryMs);
    });
    for (const hook of before) if (!this.#hooks.includes(hook)) hook.stop();
  }
}

class Webhook {
  readonly config: WebhookConfig;
  readonly counts: WebhookCounts;
  readonly #retryMs: number;
  readonly #queue: Event[] = [];
  #isSending = false;
  #isStopped = false;
  #wake: () => void = () => {};

  constructor(config: WebhookConfig, retryMs: number) {
    this.config = config;
    this.counts = { host: new URL(config.url).host, delivered: 0, refused: 0, lost: 0 };
    this.#retryMs = retryMs;
  }

  take(event: Event): void {
    if (!this.config.kinds.includes(event.kind)) return;
    if (this.#queue.length >= webhookQueueMax) this.counts.lost += 1;
    else this.#queue.push(event);
    if (!this.#isSending) void this.#send();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  /** Sends what waits, in order; one at a time. */
  async #send(): Promise<void> {
    this.#isSending = true;
    for (let event = this.#queue[0]; event !== undefined && !this.#isStopped; event = this.#queue[0]) {
      await this.#deliver(event);
      this.#queue.shift();
    }
    this.#isSending = false;
  }

  async #deliver(event: Event): Promise<void> {
    const { host } = this.counts;
    for (let waitMs = this.#retryMs; !this.#isStopped; waitMs = Math.min(2 * waitMs, webhookRetryMaxMs)) {
      const outcome = await post(this.config, event);
      if (outcome === 'delivered' || outcome === 'refused') {
        this.counts[outcome] += 1;
        if (outcome === 'refused') log.warn({ webhook: host, event: event.id }, 'a webhook refused an event');
        return;
      }
      if (Date.now() - event.at > webhookAgeMaxMs) {
        this.counts.lost += 1;
        log.warn({ webhook: host, event: event.id }, `an event is given up: ${outcome.why}`);
        return;
      }
      log.debug({ webhook: host, event: event.id }, outcome.why);
      await this.#pause(waitMs);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Makes the signature of a body that is sent at this second. */
export function signature(secret: Uint8Array, atSeconds: number, body: string): string {
  const hmac = createHmac('sha256', secret).update(`${atSeconds}.${body}`).digest('hex');
  return `t=${atSeconds},v1=${hmac}`;
}

/** One attempt. Redirects are not followed: what is sent is for whom the operator named. */
function post({ url, secret }: WebhookConfig, event: Event): Promise<Outcome> {
  const body = JSON.stringify(event);
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'user-agent': `steerdns/${version}`,
    'steerdns-event': event.kind,
    'steerdns-signature': signature(secret, Math.floor(Date.now() / 1000), body),
  };
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((settle) => {
    const signal = AbortSignal.timeout(webhookTimeoutMs);
    const message = request(url, { method: 'POST', headers, agent: false, signal }, (response) => {
      const status = response.statusCode ?? 0;
      response.destroy(); // what it says besides is of no use to us
      if (status >= 200 && status < 300) settle('delivered');
      // Too slow, too many: the only refusals that time mends.
      else if (status >= 400 && status < 500 && status !== 408 && status !== 429) settle('refused');
      else settle({ why: `answered ${status}` });
    });
    message.on('error', ({ message: why }) => settle({ why }));
    message.end(body);
  });
}
