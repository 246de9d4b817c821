/**
 * Driver: how the load process speaks to one system, through that system's own Node client. One file per system; nothing of
 * the scenarios is known to it. A driver resolves a send only when the record is as durable as its system's row in the table says.
 */

/** Opaque to all but the driver of the same system: ports, tokens, names. Travels as JSON. */
export type Address = Readonly<Record<string, string | number | readonly string[] | readonly number[]>>;

export interface Driver {
  /** Whether records of a partition arrive in the order in which they were acknowledged. */
  readonly ordered: boolean;
  /** Three replicas, where the system has replicas. */
  createTopic(name: string, partitions: number): Promise<void>;
  producer(topic: string, partitions: number): Promise<DriverProducer>;
  /** Delivers every record once to `sink`, in order per partition, from the beginning or from now on. Resolves when it is in place. */
  consume(
    topic: string,
    partitions: number,
    from: 'earliest' | 'latest',
    sink: Sink,
  ): Promise<DriverConsumer>;
  close(): Promise<void>;
}

export interface DriverProducer {
  /** One record by the client's plainest call. */
  send(partition: number, value: Uint8Array): Promise<void>;
  /** Many records by whatever the client offers for many: a batch call, a pipeline, publishing without waiting. */
  sendMany(partition: number, values: readonly Uint8Array[]): Promise<void>;
  close(): Promise<void>;
}

/** Bytes may be reused after the call. */
export type Sink = (value: Uint8Array) => void;

export interface DriverConsumer {
  close(): Promise<void>;
}

export type OpenDriver = (address: Address) => Promise<Driver>;
