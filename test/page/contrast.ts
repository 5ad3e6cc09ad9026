// Measures, in the browser, the contrast of every text that is shown with what it stands on (WCAG 2.2,
// 1.4.3): computed colours, laid over the grounds of all ancestors.
import type { Page } from 'playwright-core';

export type Pale = { readonly text: string; readonly ratio: number; readonly colors: string };

/** Texts whose contrast is below `least`, and how many were measured. */
export function paleTexts(page: Page, least: number): Promise<{ measured: number; pale: Pale[] }> {
  return page.evaluate((minimum) => {
    type Color = [number, number, number, number];
    const read = (text: string): Color => {
      const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
      return [r, g, b, a];
    };
    const over = ([r, g, b, a]: Color, [x, y, z]: Color): Color => {
      return [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
    };
    const groundOf = (element: Element | null): Color => {
      if (element === null) return [255, 255, 255, 1];
      const own = read(getComputedStyle(element).backgroundColor);
      return own[3] === 1 ? own : over(own, groundOf(element.parentElement));
    };
    const light = ([r, g, b]: Color): number => {
      const [x, y, z] = [r, g, b].map((one) => {
        const part = one / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      }) as [number, number, number];
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const ratioOf = (a: Color, b: Color): number => {
      const [x, y] = [light(a), light(b)];
      return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
    };
    const pale: Pale[] = [];
    let measured = 0;
    const measure = (text: string, color: string, element: Element) => {
      const ground = groundOf(element);
      const ratio = ratioOf(over(read(color), ground), ground);
      measured += 1;
      if (ratio < minimum) pale.push({ text, ratio, colors: `${color} on ${ground}` });
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement!;
      const isShown = element.checkVisibility({ visibilityProperty: true }) && node.nodeValue!.trim() !== '';
      if (isShown) measure(node.nodeValue!, getComputedStyle(element).color, element);
    }
    for (const input of document.querySelectorAll('input')) {
      if (input.checkVisibility()) {
        measure(input.placeholder, getComputedStyle(input, '::placeholder').color, input);
      }
    }
    return { measured, pale };
  }, least);
}

/** How far the page can be scrolled sideways, in pixels. */
export function overhang(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const boxes = [...document.querySelectorAll('dialog[open]')];
    return Math.max(scrollWidth - clientWidth, ...boxes.map((box) => box.scrollWidth - box.clientWidth));
  });
}
