/** Two durable consumers by push: one handles with `run`, the other loops, and begins anew again and again. */
import type { Client, Consumer } from '@callboard/client';

/** What one consumer object was handed of one partition, in order. */
export interface Session {
  /** The partition's lowest offset that was acknowledged to be done, when the session began; and the lowest that was not. */
  readonly committed: ReadonlyMap<number, number>;
  readonly acknowledged: ReadonlyMap<number, number>;
  readonly seen: { readonly partition: number; readonly offset: number; readonly text: string }[];
}

/** No ack may fail here: the deadline is longer than any outage of the run. */
function fail(error: unknown): never {
  process.stderr.write(`an acknowledgement failed: ${String(error)}\n`);
  process.exit(1);
}

export interface ConsumersOptions {
  readonly client: Client;
  readonly topic: string;
  /** How many records there will be. */
  readonly total: number;
  readonly onRecord: () => void;
}

/** Acks of one consumer id: called, and answered. Each partition in order, so one number stands for all below it. */
class Acks {
  readonly called = new Map<number, number>();
  readonly answered = new Map<number, number>();

  async ack(partition: number, offset: number, ack: Promise<void>): Promise<void> {
    this.called.set(partition, offset + 1);
    await ack;
    this.answered.set(partition, Math.max(this.answered.get(partition) ?? 0, offset + 1));
  }

  session(): Session {
    return { committed: new Map(this.answered), acknowledged: new Map(this.called), seen: [] };
  }
}

/** One object over all the kills. */
export async function consumeByRun(options: ConsumersOptions): Promise<readonly Session[]> {
  const { client, topic, total, onRecord } = options;
  await using consumer = client.consumer(topic, { id: 'runner' });
  const acks = new Acks();
  const session = acks.session();
  const complete = new AbortController();
  await consumer.run(
    async (record) => {
      const { partition, offset } = record;
      session.seen.push({ partition, offset, text: record.text() });
      onRecord();
      // As a handler that does some work; every tenth waits for its commit too.
      if (offset % 10 === 0) await acks.ack(partition, offset, record.ack());
      else acks.ack(partition, offset, record.ack()).catch(fail);
      if (session.seen.length >= total) complete.abort();
    },
    { signal: complete.signal },
  );
  return [session];
}

/** A new object after each `perSession` records; the last `unacknowledged` of each are left for the next. */
export async function consumeInSessions(options: ConsumersOptions): Promise<readonly Session[]> {
  const perSession = 1_700;
  const unacknowledged = 60;
  const { client, topic, total, onRecord } = options;
  const acks = new Acks();
  const sessions: Session[] = [];
  const distinct = new Set<string>();
  for (;;) {
    const session = acks.session();
    sessions.push(session);
    const consumer: Consumer = client.consumer(topic, { id: 'sessions' });
    for await (const record of consumer) {
      const { partition, offset } = record;
      session.seen.push({ partition, offset, text: record.text() });
      distinct.add(`${partition}/${offset}`);
      onRecord();
      const complete = distinct.size >= total;
      if (complete || session.seen.length >= perSession) break;
      if (session.seen.length <= perSession - unacknowledged) {
        acks.ack(partition, offset, record.ack()).catch(fail);
      }
    }
    // Commits what was acknowledged.
    await consumer.close();
    if (distinct.size >= total) return sessions;
  }
}
