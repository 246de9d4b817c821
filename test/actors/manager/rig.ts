/** Stand-ins for one part of a manager at a time: a context that only collects, and a group that does what it is told. */
import type { PrimaryDriver } from '../../../src/actors/manager/primary.ts';
import type { ManagerMessage } from '../../../src/actors/manager/messages.ts';
import type { DirectoryView } from '../../../src/actors/manager/view.ts';
import type { Address, Context, Lane, SendResult } from '../../../src/kernel/index.ts';
import type { RemovalProgress } from '../../../src/directory/index.ts';
import type { ProposeRefusal } from '../../../src/raft/index.ts';
import { logIndex, term, type CallError, type GroupId, type LogIndex } from '@callboard/client/protocol';

export interface Sent {
  readonly to: string;
  readonly message: Readonly<Record<string, unknown>>;
}

export class FakeContext {
  nowMs = 1_000;
  answer: SendResult = 'accepted';
  readonly sent: Sent[] = [];
  #draws = 0;

  readonly context: Context<ManagerMessage> = {
    self: { node: 'n1', shard: 0, id: 'manager' },
    incarnation: 1,
    send: (to: Address, message: unknown, _lane?: Lane): SendResult => {
      if (this.answer === 'accepted') {
        this.sent.push({ to: `${to.node}/${to.id}`, message: message as Readonly<Record<string, unknown>> });
      }
      return this.answer;
    },
    after: () => ({ timer: 0 }),
    cancel: () => undefined,
    spawn: () => {
      throw new Error('nothing is spawned here');
    },
    stop: () => undefined,
    monitor: () => undefined,
    now: () => this.nowMs,
    wallTime: () => 1_700_000_000_000,
    random: () => ((this.#draws += 7) % 16) / 16,
    trace: { note: () => undefined },
  };

  /** The messages of one kind, and forgets all. */
  take(kind: string): Sent[] {
    const found = this.sent.filter(({ message }) => message['kind'] === kind);
    this.sent.length = 0;
    return found;
  }
}

export class FakeView implements DirectoryView {
  leader: string | undefined = 'n2';
  index = 0;
  readonly creating: Set<string> = new Set();
  readonly gone: Set<string> = new Set();
  readonly removed: Map<string, { readonly group: GroupId; readonly progress: RemovalProgress }> = new Map();
  readonly expected: Set<string> = new Set();
  others: readonly string[] = ['n2', 'n3'];

  leaderNode(): string | undefined {
    return this.leader;
  }

  applied(): number {
    return this.index;
  }

  isCreating(topic: string): boolean {
    return this.creating.has(topic);
  }

  exists(topic: string): boolean {
    return !this.gone.has(topic) && !this.removed.has(topic);
  }

  deletingGroup(topic: string): GroupId | undefined {
    return this.removed.get(topic)?.group;
  }

  removal(topic: string): RemovalProgress | undefined {
    return this.removed.get(topic)?.progress;
  }

  isExpected(broker: string): boolean {
    return this.expected.has(broker);
  }

  audience(): readonly string[] {
    return this.others;
  }
}

/** `ok`, or the code and outcome of the error in an answer. */
export function outcome({ message }: Sent): string {
  const error = message['error'] as CallError | undefined;
  return error === undefined ? 'ok' : `${error.code} ${error.outcome}`;
}

/** A leader whose proposals go nowhere until the test says what became of them. */
export class FakeDriver implements PrimaryDriver {
  isReady = true;
  lastIndex: LogIndex = logIndex(10);
  term = 3;
  refused: ProposeRefusal | undefined;
  readonly bodies: Uint8Array[] = [];
  readonly reads: ((index: LogIndex | undefined) => void)[] = [];

  get status(): PrimaryDriver['status'] {
    return { term: term(this.term) } as PrimaryDriver['status'];
  }

  refusal(): ProposeRefusal | undefined {
    return this.refused;
  }

  propose(draft: Uint8Array): ReturnType<PrimaryDriver['propose']> {
    this.bodies.push(draft);
    this.lastIndex = logIndex(this.lastIndex + 1);
    return { ok: true, index: this.lastIndex, term: term(this.term) };
  }

  readIndex(callback: (index: LogIndex | undefined) => void): void {
    this.reads.push(callback);
  }
}
