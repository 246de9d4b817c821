/** What both entries export besides `connect`. */
export type * from './api.ts';
export type { Acks, ErrorCode, Outcome, TopicStorage } from './protocol/index.ts';
export type { DiagnosticEvents } from './diagnostics.ts';
export { CallboardError } from './errors.ts';
export { bytes, json, text } from './codecs.ts';
