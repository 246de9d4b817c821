/** The answer to a call that failed; with correlation 0, the last frame before the node closes the connection. */
import { failure, isErrorCode, WireError, type ErrorCode, type Failure, type Outcome } from '../errors.ts';
import { message, oneOf, optional, str, text, uint, type Codec, type MessageCodec } from '../shape.ts';
import { correlation } from './common.ts';

export interface ErrorReply {
  readonly kind: 'error';
  readonly correlation: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly outcome: Outcome;
  readonly retryAfterMs?: number;
  /** See `Failure.nextEpoch`. */
  readonly nextEpoch?: number;
}

const plainCode = str(64);

/** Codes travel as text, so that a log of frames can be read. */
export const errorCode: Codec<ErrorCode> = {
  encode: plainCode.encode,
  decode: (wire) => {
    const code = plainCode.decode(wire);
    if (!isErrorCode(code)) throw new WireError('frame_invalid', 'is no known error code');
    return code;
  },
};

export const errorReply: MessageCodec<ErrorReply> = message<ErrorReply>('error', 34, {
  correlation,
  code: errorCode,
  message: text(1_024),
  outcome: oneOf(['applied', 'not_applied', 'unknown']),
  retryAfterMs: optional(uint),
  nextEpoch: optional(uint),
});

/** The frame that carries `problem`. */
export function toErrorReply(to: number, problem: Failure): ErrorReply {
  const { code, message: words, outcome, retryAfterMs, nextEpoch } = problem;
  return {
    kind: 'error',
    correlation: to,
    code,
    message: words,
    outcome,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(nextEpoch === undefined ? {} : { nextEpoch }),
  };
}

/** The failure that a frame carries. */
export function fromErrorReply(reply: ErrorReply): Failure {
  return failure(reply.code, reply);
}
