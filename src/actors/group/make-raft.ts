/** The consensus core of one group, from the log that was found and what the actor lends it. */
import type { GroupId, LogIndex, ReplicaId } from '@callboard/client/protocol';
import type { Context, TraceSink } from '../../kernel/index.ts';
import { Raft } from '../../raft/index.ts';
import type { RecoveredLog } from '../../raft/index.ts';
import type { GroupDriverOptions } from './contract.ts';
import { sealNoop } from './seal.ts';

export function makeRaft(
  options: GroupDriverOptions,
  context: Pick<Context<never>, 'random' | 'wallTime'>,
  log: RecoveredLog,
): Raft {
  const { group, self, members, limits, lazyCommit, crc32 } = options;
  return new Raft({
    self,
    configuration: {
      voters: members.map((member) => member.replica as ReplicaId),
      outgoing: [],
      learners: [],
    },
    recovered: log,
    limits,
    lazyCommit,
    random: () => context.random(),
    sealNoop: (index, term, previous) =>
      sealNoop({ group, index, term, previous }, context.wallTime(), crc32),
  });
}

/** What was found on the disk, for people. */
export function noteOpened(group: GroupId, { verdict, tail }: RecoveredLog, trace: TraceSink): void {
  const sound = verdict.kind === 'clean';
  const detail = sound ? undefined : verdict.detail;
  const fields = { group, verdict: verdict.kind, last: tail.index, detail };
  trace.note(sound ? 'debug' : 'warn', 'replica.opened', fields);
}

/** Ends the incarnation: the next one opens the log, and the verdict says what this copy still is. */
export function openAnew(group: GroupId, index: LogIndex, trace: TraceSink): never {
  trace.note('warn', 'replica.damage-found', { group, index });
  throw new Error(`damage found in group ${group} at index ${index}: reopening the log`);
}
