/** How commands fail: with a stable code, a text that says what to do, and a documented exit code. */
import { ConfigError } from '../node/config-error.ts';
import { endTable, exitCodes, isEndCode } from '../node/end-codes.ts';
import type { EndCode, ExitCode } from '../node/end-codes.ts';
import type { CallboardError } from '@callboard/client';
import type { CallError } from '@callboard/client/protocol';

export { exitCodes };

/** What each exit code means; docs/cli.md has the same table, and a test compares them. */
export const exitCodeMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'ended as asked, or nothing to do (a second `callboard dev` on the same data)',
  1: 'failed while it ran',
  2: 'wrong arguments, environment or configuration',
  3: 'the data directory cannot be used: in use, made for another cluster, damaged, not accessible',
  4: 'an address cannot be listened on: busy, forbidden, or not one of this machine',
  5: 'a write or sync failed while the node ran: look at its disk, then start it again',
  6: 'the cluster cannot be reached, or cannot do it now: the same command may succeed later',
  7: 'the cluster refused: the same command will not succeed as it is',
  130: 'interrupted before everything was done',
};

export const exitCodeHelp: string = [
  'Exit codes:',
  ...Object.entries(exitCodeMeanings).map(([code, meaning]) => `  ${code.padEnd(3)}  ${meaning}`),
].join('\n');

/** A call that a node refused or that reached none, of the protocol's own codes. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  readonly failure: CallError;

  constructor(failure: CallError) {
    super(failure.message);
    this.failure = failure;
  }
}

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: EndCode;

  constructor(code: EndCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Failure {
  readonly lines: readonly string[];
  /** The place, for an error that nobody foresaw. */
  readonly stack?: string;
  readonly exitCode: ExitCode;
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Of this program's own calls, and of the client library's, which is loaded only by the commands that use it. */
function callError(error: unknown): Omit<CallError, 'retryAfterMs'> | undefined {
  if (error instanceof CallFailure) return error.failure;
  if (!(error instanceof Error) || error.name !== 'CallboardError') return undefined;
  const { code, detail, outcome, retriable } = error as CallboardError;
  return { code, message: detail, outcome, retriable };
}

function describeCall({ code, message, outcome, retriable }: Omit<CallError, 'retryAfterMs'>): Failure {
  const done = {
    applied: '; it was carried out',
    not_applied: '',
    unknown: '; it may have been carried out',
  };
  return {
    lines: [`${message} (${code}${done[outcome]})`],
    exitCode: retriable ? exitCodes.unavailable : exitCodes.refused,
  };
}

/** What to print about an error, whoever threw it. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof ConfigError) {
    return {
      lines: error.problems.map(({ code, message }) => `${message} (${code})`),
      exitCode: exitCodes.usage,
    };
  }
  if (error instanceof CliError) {
    return { lines: [`${error.message} (${error.code})`], exitCode: endTable[error.code].exitCode };
  }
  const call = callError(error);
  if (call !== undefined) return describeCall(call);
  if (!(error instanceof Error)) {
    return { lines: [`${String(error)} (unexpected)`], exitCode: exitCodes.failed };
  }
  const code = codeOf(error);
  if (code !== undefined && isEndCode(code)) {
    return { lines: [`${error.message} (${code})`], exitCode: endTable[code].exitCode };
  }
  return {
    lines: [`${error.message} (unexpected)`],
    exitCode: exitCodes.failed,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
  };
}

/** A failed attempt to listen, told by its address; undefined if the error is another one. */
export function listenFailure(error: unknown, address: string, wayOut: string): CliError | undefined {
  const code = error instanceof Error ? codeOf(error) : undefined;
  if (code === 'EADDRINUSE') {
    const text = `${address} is busy: another program listens there. ${wayOut}`;
    return new CliError('port_in_use', text);
  }
  if (code === 'EACCES') {
    const text = `${address} may not be listened on by this user (ports below 1024 often need rights). ${wayOut}`;
    return new CliError('port_forbidden', text);
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const text = `${address} is not an address of this machine. Listen on 127.0.0.1, on 0.0.0.0 for all interfaces, or on one of its own.`;
    return new CliError('host_not_local', text);
  }
  return undefined;
}
