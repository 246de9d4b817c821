/** Three producers send all lines with keys, many at a time; where each was stored, in the order of sending. */
import type { Client } from '@callboard/client';
import type { Line } from '../demo-logs/lines.ts';
import type { Stored } from '../demo-logs/producers.ts';

/** Lines of one file go to this many keys. */
const KEYS_PER_FILE = 16;
const IN_FLIGHT = 200;

export interface ProducersOptions {
  /** One per producer. */
  readonly clients: readonly Client[];
  readonly topic: string;
  readonly lines: readonly Line[];
  readonly onStored: () => void;
  /** Resolves when this share of all lines (0 to 1) may be sent. */
  readonly mayReach: (share: number) => Promise<void> | true;
}

export interface Sent extends Stored {
  readonly key: string;
}

export async function produceWithKeys(options: ProducersOptions): Promise<readonly (readonly Sent[])[]> {
  const { clients, lines } = options;
  const files = [...new Set(lines.map(({ file }) => file))];
  const own = clients.map((_, i) => lines.filter(({ file }) => files.indexOf(file) % clients.length === i));
  return await Promise.all(clients.map((client, i) => send(options, client, i, own[i] ?? [])));
}

async function send(
  { topic, onStored, mayReach }: ProducersOptions,
  client: Client,
  producer: number,
  lines: readonly Line[],
): Promise<readonly Sent[]> {
  await using sender = client.producer(topic, { deadlineMs: 120_000 });
  const sends: Promise<Sent>[] = [];
  for (const [i, line] of lines.entries()) {
    const may = mayReach(i / lines.length);
    if (may !== true) await may;
    // A window, so that the lines are spread over the kills and not handed over before the first.
    if (i >= IN_FLIGHT) await sends[i - IN_FLIGHT];
    const key = `${line.file}#${line.number % KEYS_PER_FILE}`;
    const sent = sender.send({ key, value: line.text }).then(({ partition, offset }) => {
      onStored();
      return { line, producer, key, partition, offset };
    });
    sends.push(sent);
  }
  return await Promise.all(sends);
}
