/** The table of topics: how many records, how fast, and who is behind. */
import { byId, element, fill, sparkline } from './dom.ts';
import { recordsIn, type Rates } from './rates.ts';
import type { Topics, TopicState } from './status.ts';

const number = new Intl.NumberFormat('en');
const consumersShown = 6;

/** Lag of each consumer over all partitions, the furthest behind first. */
export function lagsOf(topic: TopicState): readonly (readonly [id: string, lag: number])[] {
  const lags = new Map<string, number>();
  for (const { consumers } of topic.partitions) {
    for (const { id, lag } of consumers) lags.set(id, (lags.get(id) ?? 0) + lag);
  }
  return [...lags].toSorted(([, a], [, b]) => b - a);
}

/** Ids of HTTP consumers are long and random: their beginning tells them apart. */
function shortId(id: string): string {
  return /^[0-9a-f]{32}$/.test(id) ? `${id.slice(0, 8)}…` : id;
}

function consumers(topic: TopicState): HTMLElement {
  const lags = lagsOf(topic);
  const shown = lags.slice(0, consumersShown).map(([id, lag]) => {
    const name = element('span', 'id', shortId(id));
    name.title = id;
    return element('span', lag === 0 ? 'faint' : '', name, ` ${number.format(lag)}`);
  });
  const more =
    lags.length > consumersShown
      ? [element('span', 'faint', `and ${lags.length - consumersShown} more`)]
      : [];
  if (lags.length === 0) return element('span', 'faint', '–');
  return element('div', 'lags', ...shown, ...more);
}

function row(topic: TopicState, rates: Rates): HTMLElement {
  const series = rates.series(topic.name);
  const rate = series.at(-1);
  const perSecond =
    rate === undefined ? '–' : number.format(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate));
  const name = element('th', '', topic.name);
  name.scope = 'row';
  return element(
    'tr',
    '',
    name,
    element('td', 'number', number.format(topic.partitions.length)),
    element('td', 'number', number.format(recordsIn(topic))),
    element('td', 'number', perSecond),
    element('td', '', ...(series.length > 1 ? [sparkline(series, `${perSecond} records per second`)] : [])),
    element('td', '', consumers(topic)),
  );
}

function offer(topics: readonly TopicState[]): void {
  const select = byId('tail-topic', HTMLSelectElement);
  const names = topics.map(({ name }) => name);
  const chosen = select.value;
  fill(select, JSON.stringify(names), () =>
    names.map((name) => {
      const option = element('option', '', name);
      option.value = name;
      option.selected = name === chosen;
      return option;
    }),
  );
}

export function showTopics({ topics, omitted }: Topics, rates: Rates): void {
  const rows = topics.map((topic) => row(topic, rates));
  if (omitted > 0) {
    const cell = element('td', 'faint', `and ${number.format(omitted)} more topics`);
    cell.colSpan = 6;
    rows.push(element('tr', '', cell));
  }
  byId('topics', HTMLElement).replaceChildren(...rows);
  byId('no-topics', HTMLElement).hidden = topics.length > 0;
  offer(topics);
}
