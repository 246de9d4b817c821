/** The consensus core of one group, from the log that was found and what the actor lends it. */
import type { GroupId, ReplicaId } from '@callboard/client/protocol';
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
