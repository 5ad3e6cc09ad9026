// @ts-check
// Elements as descriptions, and a document that follows them: h() describes, render() changes what differs
// and leaves the rest alone, so that focus, selection and scroll position stay. Text becomes text nodes and
// attributes, never markup; characters that would steer a reader's eye are shown for what they are.

/** @typedef {string | number | boolean | null | undefined | EventListener} Prop */
/** @typedef {{ tag: string, props: Readonly<Record<string, Prop>>, children: Content[] }} Described */
/** @typedef {Described | string | number | false | null | undefined} One */
/** @typedef {One | Content[]} Content */

const svgTags = new Set(['svg', 'g', 'path', 'rect', 'line', 'circle', 'title', 'polyline', 'text']);
const svgSpace = 'http://www.w3.org/2000/svg';

/**
 * What an element was last described by.
 * @type {WeakMap<Node, Described>}
 */
const described = new WeakMap();

/**
 * Describes an element. `key` tells it from its siblings; `onclick` and the like are functions.
 * @param {string} tag
 * @param {Readonly<Record<string, Prop>>} [props]
 * @param {...Content} children
 * @returns {Described}
 */
export function h(tag, props = {}, ...children) {
  return { tag, props, children };
}

/**
 * Text as it is shown: control characters as pictures of themselves, those that turn or hide text as numbers.
 * @param {string} text
 */
export function shown(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (one) => {
    const code = /** @type {number} */ (one.codePointAt(0));
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? '\u2421' : `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
  });
}

/**
 * Makes the children of an element what is described; who had the focus keeps it.
 * @param {Element} parent
 * @param {...Content} contents
 */
export function render(parent, ...contents) {
  const focused = document.activeElement;
  fill(parent, contents);
  if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected) {
    focused.focus({ preventScroll: true });
  }
}

/**
 * @param {Element} parent
 * @param {Content[]} contents
 */
function fill(parent, contents) {
  const wanted = flat(contents);
  const keys = new Set(wanted.map(keyOf));
  /** @type {Map<Prop, ChildNode>} */
  const keyed = new Map();
  for (const child of [...parent.childNodes]) {
    const key = described.get(child)?.props.key;
    if (key === undefined) continue;
    if (keys.has(key)) keyed.set(key, child);
    else child.remove();
  }
  let next = parent.firstChild;
  for (const one of wanted) {
    const key = keyOf(one);
    const candidate = key === undefined ? next : keyed.get(key);
    const node = candidate && fits(candidate, one) ? candidate : make(one);
    if (node === next) next = node.nextSibling;
    else parent.insertBefore(node, next);
    update(node, one);
  }
  while (next !== null) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

/**
 * What is really there, in one list.
 * @param {Content[]} contents
 * @returns {One[]}
 */
function flat(contents) {
  return contents.flatMap((one) => {
    if (Array.isArray(one)) return flat(one);
    return one === false || one === null || one === undefined || one === '' ? [] : [one];
  });
}

/** @param {One} one */
function keyOf(one) {
  return isDescribed(one) ? one.props.key : undefined;
}

/**
 * @param {One} one
 * @returns {one is Described}
 */
function isDescribed(one) {
  return typeof one === 'object' && one !== null;
}

/**
 * @param {ChildNode} node
 * @param {One} one
 */
function fits(node, one) {
  if (!isDescribed(one)) return node.nodeType === Node.TEXT_NODE;
  const before = described.get(node);
  return before?.tag === one.tag && before.props.key === one.props.key;
}

/**
 * @param {One} one
 * @returns {ChildNode}
 */
function make(one) {
  if (!isDescribed(one)) return document.createTextNode('');
  const { tag } = one;
  const node = svgTags.has(tag) ? document.createElementNS(svgSpace, tag) : document.createElement(tag);
  described.set(node, { tag, props: {}, children: [] });
  return node;
}

/**
 * @param {ChildNode} node
 * @param {One} one
 */
function update(node, one) {
  if (!isDescribed(one)) {
    const text = shown(String(one));
    if (node.nodeValue !== text) node.nodeValue = text;
    return;
  }
  const element = /** @type {Element} */ (node);
  const before = described.get(node)?.props ?? {};
  for (const name of Object.keys(before)) if (!(name in one.props)) setProp(element, name, undefined);
  for (const [name, value] of Object.entries(one.props)) {
    if (before[name] !== value) setProp(element, name, value);
  }
  described.set(node, one);
  fill(element, one.children);
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {Prop} value
 */
function setProp(element, name, value) {
  if (name === 'key') return;
  if (name.startsWith('on')) /** @type {any} */ (element)[name] = value ?? null;
  else if (value === undefined || value === null || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? '' : shown(String(value)));
}

/**
 * The element of the page with this id.
 * @template {Element} E
 * @param {string} id
 * @param {new () => E} type
 * @returns {E}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`the page has no ${id}`);
}
