/** What steps did, as short lines: golden scripts are read by people first. */
import type { Effects, Entry, Input, LoadEffect, PersistEffect, RaftMessage } from '../../src/raft/index.ts';
import { nodeOf, type Cluster, type Member, type Observer } from './harness.ts';

function nodeName(id: Parameters<typeof nodeOf>[0] | undefined): string {
  return id === undefined ? '-' : String(nodeOf(id));
}

function entriesText(entries: readonly Entry[]): string {
  return `[${entries.map(({ index, term }) => `${index}/${term}`).join(' ')}]`;
}

function bodyText(message: RaftMessage): string {
  switch (message.kind) {
    case 'pre-vote':
      return `last ${message.lastIndex}/${message.lastTerm}`;
    case 'vote':
      return `last ${message.lastIndex}/${message.lastTerm}${message.transfer ? ' transfer' : ''}`;
    case 'pre-vote-reply':
    case 'vote-reply':
      return message.granted ? 'granted' : 'refused';
    case 'append':
      return `after ${message.prevIndex}/${message.prevTerm} ${entriesText(message.entries)} commit ${message.commit}`;
    case 'append-reply':
      if (message.outcome !== 'reject') return `${message.outcome} ${message.index}`;
      return `reject ${message.index} hint ${message.hintIndex}/${message.hintTerm}`;
    case 'heartbeat':
      return `round ${message.context} commit ${message.commit}`;
    case 'heartbeat-reply':
      return `round ${message.context}${message.damaged ? ' damaged' : ''}`;
    case 'timeout-now':
      return '';
    case 'fetch':
      return `down from ${message.index}`;
    case 'fetched':
      return `down from ${message.index} ${entriesText(message.entries)}`;
  }
}

export function messageText(message: RaftMessage): string {
  const head = `${nodeOf(message.from)}>${nodeOf(message.to)} ${message.kind} t${message.term}`;
  return `${head} ${bodyText(message)}`.trimEnd();
}

function persistText(node: number, effect: PersistEffect): string {
  const parts = [`${node} writes #${effect.token}:`];
  if (effect.hard !== undefined) parts.push(`t${effect.hard.term} vote ${nodeName(effect.hard.vote)}`);
  if (effect.truncateFrom !== undefined) parts.push(`cut ${effect.truncateFrom}`);
  if (effect.entries.length > 0) parts.push(entriesText(effect.entries));
  if (effect.tail !== undefined) parts.push(`tail ${effect.tail.index}/${effect.tail.term}`);
  if (effect.healed) parts.push('healed');
  return parts.join(' ');
}

function loadText(node: number, effect: LoadEffect): string {
  return `${node} loads ${effect.from}..${effect.to} to ${effect.reason}`;
}

function effectLines({ node }: Member, effects: Effects): string[] {
  const lines: string[] = [];
  const { role } = effects;
  if (role !== undefined) {
    lines.push(`${node} is ${role.role} in t${role.term}, leader ${nodeName(role.leader)}`);
  }
  for (const effect of effects.persist) lines.push(persistText(node, effect));
  if (effects.healed) lines.push(`${node} is whole`);
  if (effects.damage !== undefined) lines.push(`${node} is bad at ${effects.damage}`);
  if (effects.commit !== undefined) lines.push(`${node} commits ${effects.commit}`);
  for (const read of effects.reads) {
    const answer = read.ok ? `at ${read.index}` : `refused, leader ${nodeName(read.leader)}`;
    lines.push(`${node} read ${read.id}: ${answer}`);
  }
  for (const effect of effects.load) lines.push(loadText(node, effect));
  for (const message of effects.send) lines.push(messageText(message));
  return lines.map((line) => `  ${line}`);
}

export class Trace implements Observer {
  /** Off while a script lets the group run by itself. */
  quiet = false;
  #lines: string[] = [];

  step(member: Member, input: Input, effects: Effects): void {
    if (this.quiet || input.kind === 'applied') return;
    const lines = effectLines(member, effects);
    if (input.kind === 'message') this.note(`${member.node} takes ${messageText(input.message)}`);
    else if (lines.length > 0 && input.kind === 'tick') this.note(`${member.node} ticks`);
    this.#lines.push(...lines);
  }

  note(line: string): void {
    this.#lines.push(line);
  }

  take(): string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }
}

/** One line per node. */
export function statusLines(cluster: Cluster): string[] {
  return cluster.members.map(({ node, raft }) => {
    if (raft === undefined) return `${node} down`;
    const { role, term, last, commit, damaged, durable } = raft.status();
    const tail = raft.tail();
    const health = damaged ? ' damaged' : '';
    return `${node} ${role} t${term} last ${last}/${tail.term} durable ${durable} commit ${commit}${health}`;
  });
}
