/** The room's door: what the shell and the store may use. */
export { InvariantError } from './assert.ts';
export type * from './core-contract.ts';
export type * from './log-store.ts';
export type * from './messages.ts';
export { Raft } from './raft.ts';
export type * from './types.ts';
