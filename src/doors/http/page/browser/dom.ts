/** Elements made and filled without markup: whatever a text holds, it is shown as text. */

export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} '${id}'`);
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.append(...children);
  return made;
}

/** Replaces the children only where something changed: a selection or the focus in them survives. */
export function fill(parent: Element, key: string, children: () => readonly Node[]): void {
  const box = parent as Element & { shown?: string };
  if (box.shown === key) return;
  box.shown = key;
  parent.replaceChildren(...children());
}

const svg = 'http://www.w3.org/2000/svg';

/** A line of the last values, the newest on the right. */
export function sparkline(values: readonly number[], label: string): Element {
  const [width, height, most] = [120, 24, Math.max(1, ...values)];
  const box = document.createElementNS(svg, 'svg');
  for (const [name, value] of Object.entries({ width, height, role: 'img', 'aria-label': label })) {
    box.setAttribute(name, String(value));
  }
  box.classList.add('spark');
  const line = document.createElementNS(svg, 'polyline');
  const step = width / Math.max(1, values.length - 1);
  const points = values.map(
    (value, i) => `${(i * step).toFixed(1)},${(height - 2 - (value / most) * (height - 4)).toFixed(1)}`,
  );
  line.setAttribute('points', points.join(' '));
  line.setAttribute('fill', 'none');
  line.setAttribute('stroke', 'currentColor');
  line.setAttribute('stroke-width', '1.5');
  box.append(line);
  return box;
}
