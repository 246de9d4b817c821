/** The node's side of one subscription: credit, delivery of stored chunks, and the cursor of its consumer. */
import { failure, toErrorReply, type Subscribe } from '@callboard/client/protocol';
import type { FakeConnection } from './fake-cluster.ts';
import type { FakePartition } from './fake-partition.ts';

export class FakeSubscription {
  readonly #frame: Subscribe;
  readonly #partition: FakePartition;
  readonly #connection: FakeConnection;
  readonly #pump = (): void => this.pump();
  #records: number;
  #bytes: number;
  #next = 0;
  #from = 0;

  private constructor(frame: Subscribe, partition: FakePartition, connection: FakeConnection) {
    this.#frame = frame;
    this.#partition = partition;
    this.#connection = connection;
    this.#records = frame.creditRecords;
    this.#bytes = frame.creditBytes;
  }

  static open(frame: Subscribe, partition: FakePartition, connection: FakeConnection): void {
    const { correlation, owner, start, reset } = frame;
    if (start.at === 'offset' && start.value > partition.end) {
      connection.fail(correlation, 'bad_request');
      return;
    }
    let at = partition.locate(start);
    if (owner !== undefined) {
      const cursor = partition.cursor(owner.consumer);
      if (owner.session < cursor.session) {
        connection.fail(correlation, 'fenced');
        return;
      }
      cursor.session = owner.session;
      if (cursor.at === undefined || reset) cursor.at = at;
      at = cursor.at;
    }
    const subscription = new FakeSubscription(frame, partition, connection);
    connection.subscriptions.set(correlation, subscription);
    const { end } = partition;
    connection.send({ kind: 'subscribed', correlation, offset: at as never, end: end as never });
    subscription.#from = at;
    subscription.#next = partition.chunks.findIndex(({ base, count }) => base + count > at);
    if (subscription.#next < 0) subscription.#next = partition.chunks.length;
    partition.watchers.add(subscription.#pump);
    subscription.pump();
  }

  grant(records: number, bytes: number): void {
    this.#records += records;
    this.#bytes += bytes;
    this.pump();
  }

  pump(): void {
    if (this.#fenced()) {
      this.#connection.fail(this.#frame.correlation, 'fenced');
      this.end();
      return;
    }
    for (;;) {
      const chunk = this.#partition.chunks[this.#next];
      if (chunk === undefined || this.#records <= 0 || this.#bytes <= 0) return;
      this.#next += 1;
      // Records below the first one wanted cost no credit.
      this.#records -= chunk.base + chunk.count - Math.max(chunk.base, this.#from);
      this.#bytes -= chunk.bytes.byteLength;
      this.#connection.send({
        kind: 'delivery',
        correlation: this.#frame.correlation,
        end: this.#partition.end as never,
        chunks: [chunk.bytes],
      });
    }
  }

  ack(correlation: number, upTo: number): void {
    const { owner } = this.#frame;
    if (owner === undefined || this.#fenced()) {
      const code = owner === undefined ? 'bad_request' : 'fenced';
      this.#connection.send(toErrorReply(correlation, failure(code)));
      return;
    }
    const cursor = this.#partition.cursor(owner.consumer);
    cursor.at = Math.max(cursor.at ?? 0, upTo);
    this.#connection.send({ kind: 'acked', correlation, cursor: cursor.at as never });
  }

  end(): void {
    this.#partition.watchers.delete(this.#pump);
    this.#connection.subscriptions.delete(this.#frame.correlation);
  }

  #fenced(): boolean {
    const { owner } = this.#frame;
    return owner !== undefined && this.#partition.cursor(owner.consumer).session > owner.session;
  }
}
