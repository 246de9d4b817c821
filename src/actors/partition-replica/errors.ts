/** The errors that a partition's replica answers, with the values that a caller needs to act. */
import type { Batch, Decision } from '../../partition/index.ts';
import type { ProposeRefusal } from '../../raft/index.ts';
import {
  checkDraft,
  checkRecords,
  chunkHeaderBytes,
  chunkKind,
  failure,
  readChunkHeader,
  type CallError,
  type ChunkHeader,
  type Crc32,
  type Limits,
  undated,
  WireError,
} from '@callboard/client/protocol';

const clockSkewMs = 10 * 60_000;
/** The shortest record takes this much of a body. */
const leastRecordBytes = 14;

export function refusalError(refusal: ProposeRefusal): CallError {
  switch (refusal) {
    case 'not-leader':
      return failure('not_leader', {
        message: 'this replica does not lead the partition; ask the leader',
        outcome: 'not_applied',
      });
    case 'not-ready':
    case 'transferring':
      return failure('unavailable', {
        message: `the partition is changing leaders (${refusal}); try again`,
        outcome: 'not_applied',
        retryAfterMs: 20,
      });
    case 'uncommitted-full':
      return failure('overloaded', {
        message: 'too many bytes wait to be replicated; try again later',
        outcome: 'not_applied',
        retryAfterMs: 50,
      });
    case 'damaged':
      return failure('replica_damaged', {
        message: 'this replica is being repaired; ask another',
        outcome: 'not_applied',
      });
  }
}

/** `what`: refused besides records when even the reserve for cursors is used up. */
export function noRoomError(code: 'low_disk_space' | 'memory_full', what: 'records' | 'cursors'): CallError {
  const where = code === 'memory_full' ? "this node's memory for topics" : "this node's disk";
  const refused =
    what === 'records' ? 'no new records are taken' : 'neither records are taken nor cursors moved';
  const mend = code === 'memory_full' ? 'remove topics' : 'free space on it';
  const message = `${where} is nearly full: ${refused}; ${mend} and try again`;
  return failure(code, { message, retryAfterMs: 1_000 });
}

/** `nodes`: where the group's replicas are known to be in quarantine. */
export function quarantinedError(group: number, nodes: readonly string[]): CallError {
  const message =
    `partition group ${group} is in quarantine on ${nodes.join(', ')}: its replica failed there again and again; ` +
    "nothing was done and nothing stored is lost; see 'quarantined' in /status for the reason";
  return failure('partition_quarantined', { message });
}

/** A subscriber begins anew with whoever leads; if nobody can, it learns so then. */
export function quarantinedPushError(group: number, node: string): CallError {
  const message = `the replica of partition group ${group} on node '${node}' is in quarantine; subscribe again, where another replica leads`;
  return failure('not_leader', { message });
}

type Refused = Exclude<Decision, { kind: 'accept' } | { kind: 'duplicate' }>;

export function decisionError(decision: Refused, batch: Batch): CallError {
  const who = `producer ${batch.producerId} epoch ${batch.epoch}`;
  switch (decision.kind) {
    case 'gap':
      return failure('sequence_gap', {
        message: `${who} sent sequence ${batch.firstSequence}, expected ${decision.expected}; send the missing records first`,
      });
    case 'fenced':
      return failure('producer_fenced', {
        message: `${who} was fenced by epoch ${decision.epoch}; begin again under a new producer id or a higher epoch`,
        nextEpoch: decision.epoch + 1,
      });
    case 'expired': {
      const { forgotten, nextEpoch } = decision;
      const those = forgotten === undefined ? 'others' : `others up to epoch ${forgotten}`;
      return failure('producer_expired', {
        message: `${who} is not known to this partition, which has forgotten ${those}: it may be one of them, and sequence ${batch.firstSequence} be stored already; begin at sequence 0 under epoch ${nextEpoch} or a new producer id`,
        nextEpoch,
      });
    }
    case 'epoch-too-high': {
      const { nextEpoch } = decision;
      const lowest =
        nextEpoch === 0
          ? 'it knows nothing of this producer'
          : `the highest that it knows is ${nextEpoch - 1}`;
      return failure('producer_expired', {
        message: `${who} is too far above what this partition expects: ${lowest}; take a new producer id and begin at sequence 0`,
        nextEpoch,
      });
    }
    case 'epochs-spent': {
      const { nextEpoch, range } = decision;
      return failure('producer_expired', {
        message: `${who} is ${range} epochs or more above those that this partition has forgotten, and no id gets further; take a new producer id and begin at sequence 0 under epoch ${nextEpoch}`,
        nextEpoch,
      });
    }
    case 'forgotten-batch':
      return failure('duplicate_unknown_offset', {
        message: `${who} sent sequence ${batch.firstSequence} again, which is stored, but its offset is no longer remembered (next is ${decision.nextSequence})`,
        outcome: 'applied',
      });
    case 'table-full':
      return failure('limit_reached', {
        message: `this partition remembers up to ${decision.limit} producers, and ${decision.own} that came from your address, all that may be of one now; go on under a producer id that is in use, or wait until idle ones expire`,
      });
  }
}

/** The header of a producer's chunk that may be proposed, or what is wrong with the chunk. */
export function checkedDraft(
  chunk: Uint8Array,
  limits: Limits,
  wallTimeMs: number,
  crc32: Crc32,
): ChunkHeader | { readonly error: CallError } {
  const fault = checkDraft(chunk, crc32);
  if (fault !== undefined) {
    const message = `the batch is not sound (${fault}); build it anew and send it again`;
    return { error: failure('bad_request', { message }) };
  }
  const header = readChunkHeader(chunk);
  const error = draftError(chunk, header, limits, wallTimeMs);
  return error === undefined ? header : { error };
}

/** What is wrong with a chunk whose checksum and form are right; undefined: nothing. */
function draftError(
  chunk: Uint8Array,
  header: ChunkHeader,
  limits: Limits,
  wallTimeMs: number,
): CallError | undefined {
  if (header.kind !== chunkKind.records) {
    return failure('bad_request', {
      message: `a producer may only send records, not a chunk of kind ${header.kind}`,
    });
  }
  const bodyBytes = chunk.byteLength - chunkHeaderBytes;
  if (bodyBytes > limits.recordBytes + 4_096) {
    return failure('record_too_large', {
      message: `the batch has ${bodyBytes} bytes, the limit is ${limits.recordBytes}; send smaller batches`,
    });
  }
  if (header.recordCount * leastRecordBytes > bodyBytes) {
    return failure('bad_request', {
      message: `${header.recordCount} records cannot be in ${bodyBytes} bytes`,
    });
  }
  const malformed = recordsFault(chunk, header.recordCount);
  if (malformed !== undefined) {
    const message = `the records of the batch are malformed (${malformed}); build it anew`;
    return failure('bad_request', { message });
  }
  if (header.firstTimestamp === undated) return undatedError(header);
  const newest = header.firstTimestamp + header.lastTimestampDelta;
  if (newest > wallTimeMs + clockSkewMs) {
    return failure('bad_request', {
      message: `the batch is dated ${Math.round((newest - wallTimeMs) / 1_000)} s ahead of this node's clock, more than the 10 minutes that a date may be; date it right, or set the clocks right`,
    });
  }
  return undefined;
}

function undatedError({ lastTimestampDelta }: ChunkHeader): CallError | undefined {
  if (lastTimestampDelta === 0) return undefined;
  const message = 'the batch has no date, but its records are dated after each other; build it anew';
  return failure('bad_request', { message });
}

/**
 * Bodies are opaque to the broker but for this one look, at the leader: a batch that no consumer can read would else be stored,
 * and stop every consumer that comes to it.
 */
function recordsFault(chunk: Uint8Array, count: number): string | undefined {
  try {
    checkRecords(chunk.subarray(chunkHeaderBytes), count);
    return undefined;
  } catch (error) {
    if (error instanceof WireError) return error.message;
    throw error;
  }
}
