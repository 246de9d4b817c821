/** For tests of one core: a group of which only one member is looked at, and messages written by hand. */
import type { LogIndex, Term } from '@callboard/client/protocol';
import { InvariantError } from '../../src/raft/index.ts';
import type { Append, Configuration, Effects, Entry, Heartbeat } from '../../src/raft/index.ts';
import type { RaftLimits, RaftMessage, Tail } from '../../src/raft/index.ts';
import * as assert from 'uvu/assert';
import { Cluster, idOf, seal } from './harness.ts';
import { emptyTail } from './sim-disk.ts';

/** `nodes` voters whose timeouts are all the shortest. */
export function group(
  nodes: number,
  limits: Partial<RaftLimits> = {},
  configuration?: Configuration,
): Cluster {
  const members = configuration === undefined ? {} : { configuration };
  return new Cluster({ nodes, limits, random: () => () => 0, ...members });
}

/** Node 1 leads, and everybody knows. */
export function led(nodes: number, limits: Partial<RaftLimits> = {}, configuration?: Configuration): Cluster {
  const cluster = group(nodes, limits, configuration);
  cluster.step(1, { kind: 'campaign' });
  cluster.settle();
  assert.equal(cluster.leaders(), [1]);
  return cluster;
}

/** A chain of entries with these terms, after `tail`. */
export function chain(terms: readonly number[], tail: Tail = emptyTail, mark = ''): Entry[] {
  const entries: Entry[] = [];
  let end = tail;
  for (const term of terms) {
    const entry = seal(end, term, `${mark}${term}`);
    entries.push(entry);
    end = entry;
  }
  return entries;
}

/** Puts entries on a node's disk as if it had written and promised them, and opens it in `term`. */
export function withLog(cluster: Cluster, node: number, entries: readonly Entry[], term: number): void {
  cluster.crash(node);
  const { disk } = cluster.member(node);
  disk.entries.clear();
  for (const entry of entries) disk.entries.set(entry.index, entry);
  const last = entries.at(-1);
  const tail =
    last === undefined ? emptyTail : { index: last.index, term: last.term, checksum: last.checksum };
  disk.owed = { kind: 'known', tail };
  disk.hard = { term: term as Term, vote: undefined };
  cluster.restart(node);
}

export function take(cluster: Cluster, message: RaftMessage): Effects {
  return cluster.step(Number.parseInt(message.to, 16), { kind: 'message', message });
}

export function index(value: number): LogIndex {
  return value as LogIndex;
}

export function term(value: number): Term {
  return value as Term;
}

export function between(from: number, to: number, inTerm: number): Pick<RaftMessage, 'from' | 'to' | 'term'> {
  return { from: idOf(from), to: idOf(to), term: term(inTerm) };
}

/** An append of `entries` after `prev`, from the leader of `inTerm`. */
export function append(
  link: readonly [number, number],
  inTerm: number,
  prev: { readonly index: number; readonly term: number },
  entries: readonly Entry[],
  commit: number = 0,
): Append {
  const last = index(prev.index + entries.length);
  return {
    kind: 'append',
    ...between(...link, inTerm),
    prevIndex: index(prev.index),
    prevTerm: term(prev.term),
    commit: index(commit),
    last,
    stream: 0,
    entries,
  };
}

export function heartbeat(
  link: readonly [number, number],
  inTerm: number,
  commit: number,
  context: number = 1,
  last: number = commit,
): Heartbeat {
  return {
    kind: 'heartbeat',
    ...between(...link, inTerm),
    commit: index(commit),
    last: index(last),
    context,
  };
}

/** So many ticks of one node; what the last of them brought about. */
export function ticksOf(cluster: Cluster, node: number, count: number): Effects {
  for (let left = count; left > 1; left -= 1) cluster.step(node, { kind: 'tick' });
  return cluster.step(node, { kind: 'tick' });
}

/** For cores that must not be elected. */
export function neverElected(): never {
  throw new Error('this replica was elected');
}

/** What was sent, shortened to what a test asks about. */
export function kinds(effects: Effects): string[] {
  return effects.send.map((message) => message.kind);
}

export function throwsInvariant(run: () => unknown, rule: RegExp): void {
  try {
    run();
  } catch (error) {
    assert.instance(error, InvariantError);
    assert.match((error as InvariantError).message, rule);
    return;
  }
  assert.unreachable(`no invariant was broken, but ${rule.source} should be`);
}
