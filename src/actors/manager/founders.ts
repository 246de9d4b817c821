/**
 * The founders' list: which journals on which nodes form group 0. It is drawn up once in the life of a cluster and
 * journaled by every node before that node takes part in anything.
 */
import type { GroupMember } from '../group/messages.ts';

export interface Founders {
  readonly clusterId: string;
  readonly members: readonly GroupMember[];
  /** The text that is journaled and sent. */
  readonly text: string;
}

/** Name of the node document that holds the list. */
export const foundersDocument = 'founders';

const mostMembers = 64;
const idPattern = /^[0-9a-f]{32}$/;

export function foundersText(clusterId: string, members: readonly GroupMember[]): string {
  return JSON.stringify({ clusterId, members: members.map(({ replica, node }) => ({ replica, node })) });
}

/** Undefined for anything but a list that could have been drawn up. */
export function parseFounders(text: string): Founders | undefined {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { clusterId, members } = value as { readonly clusterId?: unknown; readonly members?: unknown };
  if (typeof clusterId !== 'string' || !idPattern.test(clusterId)) return undefined;
  const list = membersOf(members);
  return list === undefined ? undefined : { clusterId, members: list, text };
}

export function membersText(members: readonly GroupMember[]): string {
  return JSON.stringify(members.map(({ replica, node }) => ({ replica, node })));
}

/** The list in a birth of the journal. It was written by `membersText`, so anything else is a broken journal. */
export function parseMembers(text: string): readonly GroupMember[] {
  const members = membersOf(parsed(text));
  if (members === undefined) throw new Error(`the journal holds no list of members but ${text.slice(0, 80)}`);
  return members;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function membersOf(value: unknown): readonly GroupMember[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > mostMembers) return undefined;
  const members: GroupMember[] = [];
  for (const item of value as readonly unknown[]) {
    if (typeof item !== 'object' || item === null) return undefined;
    const { replica, node } = item as { readonly replica?: unknown; readonly node?: unknown };
    if (typeof replica !== 'string' || !idPattern.test(replica)) return undefined;
    if (typeof node !== 'string' || node === '') return undefined;
    members.push({ replica, node });
  }
  const distinct =
    new Set(members.map((member) => member.replica)).size + new Set(members.map((one) => one.node)).size;
  return distinct === 2 * members.length ? members : undefined;
}
