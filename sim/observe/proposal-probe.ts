/**
 * Sees what leaders propose for whom, and what they tell those. As the probe of the cores it takes the place of public methods, and
 * knows who acts from the actor whose turn it is. Asked for are batches of records and changes of the directory; what is proposed while
 * a request is being handled is proposed for it.
 */
import { chunkKind, readChunkHeader } from '@callboard/client/protocol';
import { GroupDriver } from '../../src/actors/group/driver.ts';
import { managerActorId, type ManagerMessage } from '../../src/actors/manager/messages.ts';
import type { PartitionAnswer, PartitionRequest } from '../../src/actors/partition-replica/messages.ts';
import {
  formatAddress,
  refTo,
  type Address,
  type Lane,
  type Ref,
  type SendResult,
} from '../../src/kernel/index.ts';
import { Incarnation } from '../../src/kernel/incarnation.ts';
import type { ProposalChecker, ToldOutcome } from '../checkers/proposals.ts';

type Request = PartitionRequest | Extract<ManagerMessage, { kind: 'primary-change' }> | { kind: 'other' };
type Answer = PartitionAnswer | Extract<ManagerMessage, { kind: 'primary-answer' }> | { kind: 'other' };

/** Whose turn it is: a replica of this group, in this process of its node. */
interface Turn {
  readonly who: string;
  readonly group: number;
  /** Who asked for what is being handled. */
  readonly ask: string | undefined;
}

let turn: Turn | undefined;

/** The turn of an actor that drives a group begins, with this message or without any. */
export function turnBegins(node: string, life: number, group: number, message: unknown): void {
  const who = `${node}/${life}/${group}`;
  turn = { who, group, ask: message === undefined ? undefined : askOf(who, message as Request) };
}

function askOf(who: string, message: Request): string | undefined {
  if (message.kind === 'produce') return nameOf(who, message.replyTo, message.id);
  if (message.kind !== 'primary-change') return undefined;
  return nameOf(who, refTo(message.fromNode, managerActorId), message.id);
}

function nameOf(who: string, asker: Address, id: number): string {
  return `${formatAddress(asker)} ${id} of ${who}`;
}

function outcomeOf(message: Answer): ToldOutcome | undefined {
  switch (message.kind) {
    case 'produced':
      return 'applied';
    case 'partition-failed':
      return message.error.outcome;
    case 'primary-answer':
      return message.error?.outcome ?? 'applied';
    default:
      return undefined;
  }
}

/** Runs `body` while `checker` hears of all proposals and answers. */
export function withProposalChecker<T>(checker: ProposalChecker, body: () => T): T {
  const { propose } = GroupDriver.prototype;
  const { send } = Incarnation.prototype;
  GroupDriver.prototype.propose = function observed(this: GroupDriver, draft, baseOffset) {
    const proposed = propose.call(this, draft, baseOffset);
    // A leader's clock, put in front of a batch, is nobody's.
    const asked = turn?.group === 0 || readChunkHeader(draft).kind === chunkKind.records;
    if (proposed.ok && asked && turn?.ask !== undefined) {
      const { index, term } = proposed;
      checker.proposed(turn.ask, { group: turn.group, index, term });
    }
    return proposed;
  };
  Incarnation.prototype.send = function observed<M>(
    this: Incarnation<never>,
    to: Ref<M>,
    message: M,
    lane: Lane = 'data',
  ): SendResult {
    const outcome = outcomeOf(message as Answer);
    if (outcome !== undefined && turn !== undefined) {
      const { id } = message as { readonly id: number };
      checker.told(nameOf(turn.who, to, id), outcome);
    }
    return send.call(this, to as Ref<unknown>, message, lane);
  };
  try {
    return body();
  } finally {
    GroupDriver.prototype.propose = propose;
    Incarnation.prototype.send = send;
    turn = undefined;
  }
}
