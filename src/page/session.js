// @ts-check
// The token: typed into a field, kept in this tab's session storage until the tab is closed or somebody signs
// out, and nowhere else.
import { byId } from './elements.js';

const key = 'steerdns-token';

/** The token of this tab; '' where there is none. */
export function storedToken() {
  return sessionStorage.getItem(key) ?? '';
}

/** Forgets it. */
export function forgetToken() {
  sessionStorage.removeItem(key);
}

/**
 * Shows the form for a token; `enter` gets what was typed.
 * @param {(token: string) => void} enter
 */
export function listenForToken(enter) {
  const field = byId('token', HTMLInputElement);
  byId('signin-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    const token = field.value.trim();
    if (token === '') return field.focus();
    field.value = '';
    // A header holds no other characters; what is refused here would only fail with a stranger message.
    if (!/^[\x21-\x7e]{1,256}$/.test(token))
      return askForToken('this is no token: it has spaces or other characters');
    sessionStorage.setItem(key, token);
    enter(token);
  });
}

/**
 * Shows the form in place of everything else.
 * @param {string} why the last token is no good; '' where nothing is wrong
 */
export function askForToken(why) {
  byId('signin', HTMLElement).hidden = false;
  byId('board', HTMLElement).hidden = true;
  const fault = byId('signin-fault', HTMLParagraphElement);
  fault.textContent = why === '' ? '' : `\u2715 ${why}`;
  fault.hidden = why === '';
  byId('token', HTMLInputElement).focus();
}

/** Shows everything else. */
export function showBoard() {
  byId('signin', HTMLElement).hidden = true;
  byId('board', HTMLElement).hidden = false;
}
