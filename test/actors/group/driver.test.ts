// The driver of a group, beside a writer, a reader and peers by hand: what it believes, and what it lets the core see.
import {
  defaultLimits,
  groupId,
  logIndex,
  offset,
  replicaId,
  term,
  type Limits,
} from '@callboard/client/protocol';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GroupDriver } from '../../../src/actors/group/driver.ts';
import type { GroupMember, GroupMessage, GroupRaft } from '../../../src/actors/group/messages.ts';
import type { LogReaderMessage, ReadEntries } from '../../../src/actors/log-reader/messages.ts';
import type { LogOpen, LogWrite, LogWriterMessage } from '../../../src/actors/log-writer/messages.ts';
import { crc32 } from '../../../src/node/ports/crc32.ts';
import type { Entry, RaftMessage, RecoveredLog } from '../../../src/raft/index.ts';
import { draftOf, entryOf } from '../../lib/chunks.ts';
import { collector, newKit, type Kit } from '../../kernel/kit.ts';

const group = groupId(1);
const id = (node: string): string => node.replace('n', 'a').repeat(16);
const members: readonly GroupMember[] = ['n1', 'n2', 'n3'].map((node) => ({ replica: id(node), node }));
const start = 3;
const own = start * 2 ** 20 + 1;

class Rig {
  readonly kit: Kit;
  readonly writer: LogWriterMessage[] = [];
  readonly reader: LogReaderMessage[] = [];
  readonly told: string[] = [];
  driver!: GroupDriver;

  constructor(limits: Partial<Limits> = {}, all: readonly GroupMember[] = members) {
    this.kit = newKit({ freezeMessages: false });
    const { system } = this.kit;
    system.spawn('log-writer', collector(this.writer));
    system.spawn('log-reader', collector(this.reader));
    system.spawn('peer-link', collector<unknown>([]));
    system.spawn<GroupMessage>('partition/1', () => ({
      start: (context) => {
        this.driver = new GroupDriver({
          context,
          group,
          actorId: 'partition/1',
          members: all,
          self: replicaId(id('n1')),
          startCount: start,
          limits: { ...defaultLimits, ...limits },
          crc32,
          lazyCommit: false,
          events: {
            apply: (entry) => void this.told.push(`apply ${entry.index}`),
            roleChanged: ({ role }) => void this.told.push(role),
            ready: () => void this.told.push('ready'),
            durable: (index) => void this.told.push(`durable ${index}`),
          },
        });
      },
      receive: (message) => this.driver.handle(message),
    }));
    this.kit.settle();
  }

  tell(...messages: readonly GroupMessage[]): void {
    const to = this.kit.system.find<GroupMessage>('partition/1');
    assert.ok(to);
    for (const message of messages) this.kit.system.send(to, message, 'control');
    this.kit.settle();
  }

  /** The log that the writer found, with entries of these terms. */
  opened(
    terms: readonly number[] = [],
    incarnation = own,
    verdict: RecoveredLog['verdict'] = { kind: 'clean' },
  ): readonly Entry[] {
    const entries = chain(terms);
    const last = entries.at(-1);
    const log: RecoveredLog = {
      hard: { term: term(terms.at(-1) ?? 0), vote: undefined },
      verdict,
      runs: terms.flatMap((inTerm, at) =>
        terms[at - 1] === inTerm ? [] : [{ first: logIndex(at + 1), term: term(inTerm) }],
      ),
      tail: { index: logIndex(terms.length), term: term(terms.at(-1) ?? 0), checksum: last?.checksum ?? 0 },
      highest: logIndex(terms.length),
    };
    this.tell({ kind: 'group-opened', incarnation, log });
    return entries;
  }

  writes(): readonly LogWrite[] {
    return this.writer.filter((message) => message.kind === 'log-write');
  }

  /** Every write asked for so far is durable. */
  written(incarnation = own): void {
    const token = this.writes().at(-1)?.token ?? 0;
    this.tell({ kind: 'group-written', incarnation, token });
  }

  loads(): readonly ReadEntries[] {
    return this.reader.filter((message) => message.kind === 'read-entries');
  }

  /** What peers were sent, by kind. */
  sent(kind: string): readonly (GroupMessage & { readonly toNode: string })[] {
    return this.kit.sent
      .map(({ to, message }) => ({ ...(message as GroupMessage), toNode: to.node }))
      .filter((message) => (message.kind === 'group-raft' ? message.message.kind : message.kind) === kind);
  }

  events(event: string): number {
    return this.kit.notes.filter((note) => note.event === event).length;
  }

  /** This replica has won the election of term 1. */
  lead(): void {
    this.opened();
    this.driver.campaign();
    for (const kind of ['pre-vote-reply', 'vote-reply'] as const) {
      this.written();
      this.tell(from('n2', { kind, granted: true, term: term(1) }));
    }
    assert.ok(this.driver.isLeader);
  }
}

type Said = Omit<RaftMessage, 'from' | 'to' | 'term'> & { readonly kind: RaftMessage['kind'] };

function from(
  node: string,
  said: Said & { readonly granted?: boolean; readonly term?: ReturnType<typeof term> },
  more: Partial<Pick<GroupRaft, 'fromIncarnation' | 'toIncarnation'>> & { readonly to?: string } = {},
): GroupRaft {
  const { to = 'n1', fromIncarnation = 100, toIncarnation = own } = more;
  const message = { term: term(2), ...said, from: replicaId(id(node)), to: replicaId(id(to)) };
  return { kind: 'group-raft', fromIncarnation, toIncarnation, message: message as unknown as RaftMessage };
}

/** Nothing of node 1's log is there. */
function reject(): Said {
  const nothing = { hintIndex: logIndex(0), hintTerm: term(0) };
  return { kind: 'append-reply', outcome: 'reject', index: logIndex(0), term: term(1), ...nothing } as Said;
}

/** In term 1, of a log that ends there. */
function acked(match: number): Said {
  const end = { hintIndex: logIndex(match), hintTerm: term(1) };
  return { kind: 'append-reply', outcome: 'ack', index: logIndex(match), term: term(1), ...end } as Said;
}

function chain(terms: readonly number[]): Entry[] {
  const entries: Entry[] = [];
  for (const [at, inTerm] of terms.entries()) {
    const previous = entries.at(-1)?.checksum ?? 0;
    const place = { index: at + 1, term: inTerm, baseOffset: at, previous };
    entries.push(entryOf(draftOf([`${at}`]), place));
  }
  return entries;
}

/** An append of entries `first` to `last` of a log with these terms, from the leader of term 2 on node 2. */
function append(terms: readonly number[], first: number, commit: number): Said {
  return {
    kind: 'append',
    prevIndex: logIndex(first - 1),
    prevTerm: term(terms[first - 2] ?? 0),
    commit: logIndex(commit),
    last: logIndex(terms.length),
    entries: chain(terms).slice(first - 1),
  } as Said;
}

test('a driver asks for its log first, and takes it only for its own incarnation', () => {
  const rig = new Rig();
  const [open] = rig.writer as readonly LogOpen[];
  assert.equal([open?.kind, open?.incarnation, open?.group], ['log-open', own, 1]);
  assert.is(rig.driver.verdict, 'opening');
  assert.is(rig.driver.propose(draftOf(['x']), offset(0)).ok, false);
  rig.opened([1, 1], own - 1);
  assert.is(rig.driver.verdict, 'opening');
  assert.is(rig.events('replica.past-dropped'), 1);
  rig.opened([1, 1]);
  assert.equal([rig.driver.verdict, rig.driver.lastIndex, rig.driver.durable], ['clean', 2, 2]);
});

test('a replica that lost its journal takes part in nothing', () => {
  const rig = new Rig();
  const log: RecoveredLog = {
    hard: { term: term(0), vote: undefined },
    verdict: { kind: 'journal-lost', detail: 'both copies' },
    runs: [],
    tail: { index: logIndex(0), term: term(0), checksum: 0 },
    highest: logIndex(0),
  };
  rig.tell({ kind: 'group-opened', incarnation: own, log });
  rig.tell(from('n2', { kind: 'vote', lastIndex: logIndex(9), lastTerm: term(9), transfer: true } as Said));
  rig.driver.campaign();
  let confirmed: number | undefined = 1;
  rig.driver.readIndex((index) => (confirmed = index));
  rig.kit.pass(10_000);
  assert.equal([rig.kit.sent.length, rig.writes().length, confirmed], [0, 0, undefined]);
  assert.is(rig.driver.verdict, 'journal-lost');
});

test('a vote leaves only when the write of this very incarnation is durable', () => {
  const rig = new Rig();
  rig.opened();
  rig.tell(from('n2', { kind: 'vote', lastIndex: logIndex(1), lastTerm: term(1), transfer: true } as Said));
  assert.is(rig.writes().length, 1);
  rig.written(own - 1);
  rig.written(own + 1);
  assert.is(rig.sent('vote-reply').length, 0);
  rig.written();
  assert.is(rig.sent('vote-reply').length, 1);
});

test('what is meant for another incarnation of this replica is not heard, and its sender is told the right one', () => {
  const rig = new Rig();
  rig.opened();
  const vote = { kind: 'vote', lastIndex: logIndex(1), lastTerm: term(1), transfer: true } as Said;
  rig.tell(from('n2', vote, { toIncarnation: own - 1 }));
  assert.is(rig.writes().length, 0);
  const [told] = rig.sent('group-incarnation');
  assert.equal(told, { kind: 'group-incarnation', fromNode: 'n1', incarnation: own, toNode: 'n2' });
  rig.tell(from('n2', vote, { toIncarnation: 0 }));
  assert.is(rig.writes().length, 1, 'a sender that does not know any is heard');
});

test('what a peer said before it was restarted is not heard any more', () => {
  const rig = new Rig();
  rig.opened();
  rig.tell({ kind: 'group-incarnation', fromNode: 'n2', incarnation: 101 });
  const vote = { kind: 'vote', lastIndex: logIndex(1), lastTerm: term(1), transfer: true } as Said;
  rig.tell(from('n2', vote, { fromIncarnation: 100 }));
  assert.is(rig.writes().length, 0);
  assert.is(rig.events('replica.past-dropped'), 1);
  rig.tell(from('n2', vote, { fromIncarnation: 101 }));
  assert.is(rig.writes().length, 1);
});

test('strangers, and messages to others, are not heard', () => {
  const rig = new Rig();
  rig.opened();
  const vote = { kind: 'vote', lastIndex: logIndex(1), lastTerm: term(1), transfer: true } as Said;
  rig.tell(from('n9', vote), from('n2', vote, { to: 'n3' }));
  assert.equal([rig.writes().length, rig.kit.sent.length], [0, 0]);
});

test('entries that do not prove themselves change nothing', () => {
  const rig = new Rig();
  rig.opened();
  const good = append([1, 1], 1, 0) as Said & { entries: Entry[] };
  const [one, two] = good.entries as [Entry, Entry];
  const bytes = Uint8Array.from(two.bytes);
  bytes[bytes.byteLength - 1] = (bytes[bytes.byteLength - 1] ?? 0) ^ 1;
  rig.tell(from('n2', { ...good, entries: [one, { ...two, bytes }] } as Said));
  assert.equal([rig.writes().length, rig.events('replica.entries-refused')], [0, 1]);
  rig.tell(from('n2', good));
  assert.is(rig.writes().length, 1);
});

test('a leader begins anew with a peer that was restarted: what that had acknowledged may be lost', () => {
  const rig = new Rig();
  rig.lead();
  rig.written();
  const ack = { kind: 'append-reply', outcome: 'ack', index: logIndex(1) };
  const end = { hintIndex: logIndex(1), hintTerm: term(1), term: term(1) };
  rig.tell(from('n2', { ...ack, ...end } as Said));
  const follower = (): unknown => rig.driver.status?.followers.find((one) => one.replica === id('n2'))?.match;
  assert.is(follower(), 1);
  rig.tell({ kind: 'group-incarnation', fromNode: 'n2', incarnation: 101 });
  assert.is(follower(), 0);
});

test('a leader is ready once, when its own first entry is applied, and then takes proposals', () => {
  const rig = new Rig();
  rig.lead();
  assert.equal(rig.driver.propose(draftOf(['x']), offset(0)), { ok: false, refusal: 'not-ready' });
  rig.written();
  assert.not(rig.driver.isReady);
  const ack = { kind: 'append-reply', outcome: 'ack', index: logIndex(1) };
  const end = { hintIndex: logIndex(1), hintTerm: term(1), term: term(1) };
  rig.tell(from('n2', { ...ack, ...end } as Said), from('n3', { ...ack, ...end } as Said));
  assert.ok(rig.driver.isReady);
  assert.equal(
    rig.told.filter((what) => what === 'ready' || what.startsWith('apply')),
    ['apply 1', 'ready'],
  );
  assert.equal(rig.driver.propose(draftOf(['x']), offset(0)), { ok: true, index: 2, term: 1 });
  // A higher term ends it.
  rig.tell(from('n3', append([1, 1, 2], 4, 0)));
  assert.not(rig.driver.isReady);
});

test('entries are applied in order, once each, those of memory as those of the disk', () => {
  const rig = new Rig({ entryCacheBytes: 1 });
  const entries = rig.opened([1, 1, 1]);
  rig.tell(from('n2', append([1, 1, 1], 4, 3)));
  const [load] = rig.loads();
  assert.equal([load?.from, load?.to, load?.cut], [1, 3, 'tail']);
  const answer = { kind: 'group-loaded', incarnation: own, id: load?.id ?? 0, bad: undefined } as const;
  rig.tell({ ...answer, incarnation: own - 1, entries });
  assert.not(rig.told.includes('apply 1'));
  rig.tell({ ...answer, entries: entries.slice(0, 2) });
  const next = rig.loads()[1];
  assert.equal([next?.from, next?.to], [3, 3]);
  rig.tell({ ...answer, entries: entries.slice(2) });
  assert.equal(
    rig.told.filter((what) => what.startsWith('apply')),
    ['apply 1', 'apply 2', 'apply 3'],
  );
  assert.is(rig.driver.applied, 3);
});

test('committed entries are loaded from the disk only as far as they are durable there', () => {
  const rig = new Rig({ entryCacheBytes: 1 });
  rig.opened([1, 1, 1]);
  // Entries 2 and 3 are replaced; until that is written the disk holds the old ones.
  rig.tell(from('n2', append([1, 2, 2], 2, 3)));
  const last = rig.loads().at(-1);
  assert.ok(last === undefined || last.to <= 1, `loads up to ${last?.to}`);
});

test('an entry from the disk that is not the one that was committed ends the incarnation, to look at the log anew', () => {
  const rig = new Rig({ entryCacheBytes: 1 });
  rig.opened([1, 1, 1]);
  rig.tell(from('n2', append([1, 1, 1], 4, 3)));
  const entries = chain([1, 1, 1]);
  const older = { ...(entries[1] as Entry), term: term(0) };
  const answer = { kind: 'group-loaded', incarnation: own, id: -1, bad: undefined } as const;
  rig.tell({ ...answer, entries: [entries[0] as Entry, older] });
  assert.is(rig.events('replica.damage-found'), 1);
  assert.is(rig.events('actor.failed'), 1);
  rig.kit.pass(200);
  const opens = rig.writer.filter((message) => message.kind === 'log-open');
  assert.equal(
    opens.map((open) => open.incarnation),
    [own, own + 1],
  );
});

test('a disk that cannot read what was committed ends the incarnation too', () => {
  const rig = new Rig({ entryCacheBytes: 1 });
  rig.opened([1, 1]);
  rig.tell(from('n2', append([1, 1], 3, 2)));
  const answer = { kind: 'group-loaded', incarnation: own, id: -1, bad: logIndex(1) } as const;
  rig.tell({ ...answer, entries: [] });
  assert.equal([rig.events('replica.damage-found'), rig.events('actor.failed')], [1, 1]);
});

test('a bad entry met on a replication read ends the incarnation, and gives leadership away', () => {
  const rig = new Rig({ entryCacheBytes: 1 });
  rig.lead();
  rig.written();
  const ack = (node: string, match: number): GroupRaft => from(node, acked(match));
  rig.tell(ack('n2', 1));
  for (let at = 2; at <= 4; at += 1) {
    rig.driver.propose(draftOf([`${at}`]), offset(at - 2));
    rig.driver.flush();
    rig.kit.settle();
    rig.written();
    rig.tell(ack('n2', at));
  }
  // Node 3 has nothing, and what it lacks is on the disk alone.
  rig.tell(from('n3', reject()), ack('n3', 0));
  const load = rig.loads().at(-1);
  assert.equal([load?.from, load?.cut], [1, 'tail']);
  rig.tell({ kind: 'group-loaded', incarnation: own, id: load?.id ?? 0, entries: [], bad: logIndex(1) });
  assert.equal([rig.events('replica.damage-found'), rig.events('actor.failed')], [1, 1]);
  assert.equal(
    rig.sent('timeout-now').map(({ toNode }) => toNode),
    ['n2'],
  );
  rig.kit.pass(200);
  assert.is(rig.writer.filter((message) => message.kind === 'log-open').length, 2);
});

test('a message that names no incarnation says so to the core, for it heals nobody', () => {
  for (const [toIncarnation, healed] of [
    [0, false],
    [own, true],
  ] as const) {
    const rig = new Rig();
    const owed = { kind: 'unknown' } as const;
    rig.opened([1, 1], own, { kind: 'damaged', owed, detail: 'a lost tail' });
    rig.tell(from('n2', append([1, 1, 2], 3, 2), { toIncarnation }));
    rig.written();
    assert.is(
      rig.writes().some(({ write }) => write.healed),
      healed,
    );
  }
});

test('a read waits for what it must see, and one that nobody confirms is refused', () => {
  const alone = new Rig({}, members.slice(0, 1));
  alone.opened();
  alone.kit.pass(200);
  // Its vote for itself, then its first entry.
  alone.written();
  alone.written();
  const heard: boolean[] = [];
  alone.driver.read((ok) => void heard.push(ok));
  alone.kit.settle();
  assert.equal(heard, [true]);
  const follower = new Rig();
  follower.opened();
  follower.driver.read((ok) => void heard.push(ok));
  assert.equal(heard, [true, false]);
});

test('S13: a read that is confirmed waits until the machine has applied what was committed before it', () => {
  const rig = new Rig({ entryCacheBytes: 1 }, members.slice(0, 1));
  const entries = rig.opened([1, 1, 1]);
  rig.kit.pass(200);
  // Its vote for itself, then its first entry: everything is committed, and nothing is applied yet.
  rig.written();
  rig.written();
  const heard: string[] = [];
  rig.driver.readIndex((index) => void heard.push(`confirmed ${String(index)}`));
  rig.driver.read((ok) => void heard.push(`${ok ? 'seen' : 'refused'} at ${rig.driver.applied}`));
  rig.kit.settle();
  assert.equal(heard, ['confirmed 4']);
  const load = rig.loads().at(-1);
  const answer = { kind: 'group-loaded', incarnation: own, id: load?.id ?? 0, bad: undefined } as const;
  rig.tell({ ...answer, entries });
  assert.equal(heard, ['confirmed 4', 'seen at 4']);
});

test.run();
