/** Fields that several client messages share. */
import { bin, branded, oneOf, str, uint, type Codec } from '../shape.ts';
import { wireLimits } from '../wire-limits.ts';
import type { GroupId, Offset } from '../brands.ts';

/** Chosen by the asker, unique among its calls in flight on this connection; the answer repeats it. */
export const correlation: Codec<number> = uint;

/**
 * Wider than any legal name on purpose: a name that is too long is answered as one that does not exist, while a frame
 * that breaks its shape ends the connection.
 */
export const topicName: Codec<string> = str(1_024);

/** `node` names and URLs. */
export const nodeName: Codec<string> = str(255);

export const offsetField: Codec<Offset> = branded<Offset>();
export const groupField: Codec<GroupId> = branded<GroupId>();

/** How much must have happened before a produce is answered. */
export type Acks = 'quorum' | 'leader' | 'none';
export const acksField: Codec<Acks> = oneOf(['quorum', 'leader', 'none']);

/** A chunk that the receiver keeps: copied out of its frame, or most of it. The frame's own limit bounds it too. */
export const keptChunk: Codec<Uint8Array> = bin(wireLimits.frameBytes, { copy: true });

/** A chunk that is read and let go: a view into its frame. */
export const passingChunk: Codec<Uint8Array> = bin(wireLimits.frameBytes);
