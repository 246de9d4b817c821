/**
 * Beats: one per node, actor id `beats`. It is the clock of this node's groups, and tells each other node in one message, each
 * heartbeat period, which groups are led here. All on the control lane; `beat` and `beat-ack` are what comes from other nodes.
 */
import type { GroupId, Term } from '@callboard/client/protocol';

export interface BeatTick {
  readonly kind: 'beat-tick';
}

/**
 * "I lead these groups, in these terms." Names only what changed after version `base`, which the addressee is known to have; term 0:
 * led here no more. Versions count the changes of one session, numbers its beats.
 */
export interface Beat {
  readonly kind: 'beat';
  readonly fromNode: string;
  readonly session: number;
  readonly number: number;
  readonly base: number;
  readonly version: number;
  readonly groups: readonly GroupId[];
  readonly terms: readonly Term[];
}

/**
 * Answer to the beat `number`: what the answerer knows of the session is as of `version`. Its replicas of all groups listed by then
 * are sound and follow the asker in the term listed, as this is sent, except those of `except`; not `complete`: there are more of them.
 */
export interface BeatAck {
  readonly kind: 'beat-ack';
  readonly fromNode: string;
  readonly session: number;
  readonly number: number;
  readonly version: number;
  readonly except: readonly GroupId[];
  readonly complete: boolean;
}

export type BeatsMessage = BeatTick | Beat | BeatAck;

export const beatsActorId = 'beats';
