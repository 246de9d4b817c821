/** The brokers, one card each, and the sentence that sums them up. */
import { byId, element, fill } from './dom.ts';
import type { Broker, Status } from './status.ts';

const colours: Readonly<Record<string, string>> = { active: 'good', leaving: 'warn' };

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function card(broker: Broker, status: Status): HTMLElement {
  const colour = colours[broker.state] ?? 'bad';
  const leads = status.partitions.filter(({ leader }) => leader === broker.name).length;
  const roles = [
    ...(status.directory.leader === broker.name ? ['primary manager'] : []),
    `leads ${plural(leads, 'partition')}`,
    ...(broker.name === status.node ? ['answers you'] : []),
  ];
  return element(
    'li',
    '',
    element('b', '', broker.name, element('span', `state ${colour}`, broker.state)),
    element('p', '', roles.join(' · ')),
    ...(broker.url === undefined ? [] : [element('p', 'id', broker.url)]),
  );
}

/** What an operator should know at first sight; empty if all is well. */
export function concerns(status: Status): readonly string[] {
  const damaged = status.partitions.filter(({ verdict }) => verdict !== 'clean' && verdict !== 'opening');
  const leaderless = status.partitions.filter(({ leader }) => leader === undefined);
  return [
    ...status.reasons,
    ...(status.health === 'ok' ? [] : ['the store of this node has failed']),
    ...(status.lowSpace ? ['the disk is nearly full: new records are refused'] : []),
    ...(damaged.length > 0
      ? [
          `${plural(damaged.length, 'replica')} here ${damaged.length === 1 ? 'is' : 'are'} damaged and healing`,
        ]
      : []),
    ...(leaderless.length > 0 ? [`${plural(leaderless.length, 'partition')} without a leader`] : []),
  ];
}

/** What is on the page was true once; how it is now, nobody knows. */
export function showSilence(): void {
  document.body.classList.add('stale');
  fill(byId('summary', HTMLElement), 'silence', () => [element('span', 'state bad', 'no answer')]);
}

export function showCluster(status: Status): void {
  document.body.classList.remove('stale');
  const active = status.brokers.filter(({ state }) => state === 'active').length;
  const worries = concerns(status);
  const well = active === status.brokers.length && worries.length === 0;
  const text = `${active} of ${plural(status.brokers.length, 'broker')} active`;
  fill(byId('summary', HTMLElement), JSON.stringify([text, worries, status.node]), () => [
    element('span', `state ${well ? 'good' : 'bad'}`, well ? 'all well' : 'look'),
    document.createTextNode(` ${[text, ...worries].join('; ')}`),
  ]);
  fill(
    byId('brokers', HTMLElement),
    JSON.stringify([status.brokers, status.partitions.map(({ leader }) => leader), status.directory.leader]),
    () =>
      status.brokers
        .toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
        .map((broker) => card(broker, status)),
  );
}
