// @ts-check
// Questions to the admin API: relative to where the page is, with the token as a header, never with cookies.
// What is refused becomes an Error with the server's own words.

/** A refusal of the server, or nobody who answers (status 0). */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {string} hint
   */
  constructor(status, message, hint) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

/** What takes longer is as good as no answer. */
const timeoutMs = 15_000;

/** @typedef {ConstructorParameters<typeof URLSearchParams>[0]} Parameters */

export class Api {
  /**
   * @param {string} token
   * @param {AbortSignal} signal ends what is still asked
   */
  constructor(token, signal) {
    this.signal = signal;
    /** @type {Readonly<Record<string, string>>} */
    this.headers = { authorization: `Bearer ${token}` };
  }

  /**
   * @param {string} path
   * @param {Parameters} [parameters]
   * @returns {Promise<any>}
   */
  get(path, parameters) {
    return this.#ask('GET', path, parameters);
  }

  /**
   * @param {string} path
   * @param {Parameters} parameters
   * @returns {Promise<any>}
   */
  post(path, parameters) {
    return this.#ask('POST', path, parameters);
  }

  /**
   * Opens a response that goes on.
   * @param {string} path
   * @param {AbortSignal} signal
   */
  async stream(path, signal) {
    const headers = { ...this.headers, accept: 'text/event-stream' };
    const response = await this.#fetch(path, { headers, signal });
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Parameters} [parameters]
   */
  async #ask(method, path, parameters) {
    const query = new URLSearchParams(parameters).toString();
    const url = query === '' ? path : `${path}?${query}`;
    const signal = AbortSignal.any([this.signal, AbortSignal.timeout(timeoutMs)]);
    const response = await this.#fetch(url, { method, headers: this.headers, signal });
    if (!response.ok) throw await refusalOf(response);
    return response.json();
  }

  /**
   * @param {string} url
   * @param {RequestInit} init
   */
  async #fetch(url, init) {
    try {
      return await fetch(url, { ...init, credentials: 'omit', cache: 'no-store', redirect: 'error' });
    } catch (error) {
      if (this.signal.aborted || init.signal?.reason?.name === 'AbortError') throw error;
      throw new Refused(0, 'nobody answers', '');
    }
  }
}

/** @param {Response} response */
async function refusalOf(response) {
  try {
    const { error, hint } = await response.json();
    return new Refused(response.status, String(error), String(hint ?? ''));
  } catch {
    return new Refused(response.status, `HTTP ${response.status}`, '');
  }
}
