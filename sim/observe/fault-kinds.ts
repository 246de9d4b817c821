/**
 * Every fault that a run can inject, by the name under which it is counted. A range of seeds fails when one of these has
 * fired too rarely: a fault that does not happen proves nothing.
 */
export const faultKinds = [
  // Processes.
  'crash',
  'power-loss',
  'crash-all',
  'power-loss-all',
  'wipe',
  'restart',
  'pause',
  'stall',
  'clock-step',
  'clock-drift',
  // Network.
  'isolate',
  'split',
  'one-way-cut',
  'bulk-cut',
  'clog',
  'connection-break',
  'message-loss',
  'message-duplicate',
  'message-reorder',
  'message-late',
  'answer-lost',
  // Disks.
  'slow-disk',
  'disk-stall',
  'sync-stall',
  'disk-full',
  'write-error',
  'compaction-error',
  'read-error',
  'batch-lost',
  'batch-in-doubt-applied',
  'hole',
  'batch-hole',
  'tail-lost',
  'older-value',
  'bit-flip',
  'open-failed',
  'helical',
  // Copies in memory: gone with their process, and most of one group's at a time.
  'memory-lost',
  'memory-majority-lost',
  'bad-read',
  // Journals.
  'journal-flip',
  'journal-truncated',
  'journal-removed',
  'journal-older',
  'journal-unsynced-lost',
  'journal-torn',
  // Actors.
  'actor-crash',
  'actor-crash-loop',
  'poisoned-group',
  // Programs that use the client library.
  'client-break',
  'client-silence',
  'client-clog',
  'client-stall',
  'client-crash',
  // People.
  'deactivate',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** What a node that is hit is to its groups. */
export const roles = ['leader', 'follower', 'candidate', 'healing', 'down'] as const;
export type Role = (typeof roles)[number];
