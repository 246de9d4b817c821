/**
 * Reads request bodies within two bounds: one for each, one for all that are being read, of which each client address has its share.
 * What is too large is refused as soon as that is known, by its declared length or by counting. Large ones are given on one at a time.
 */
import type { IncomingMessage } from 'node:http';
import type { SharedBudget } from '../../kernel/index.ts';
import type { Turns } from './turns.ts';

export type Body =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  /** All bodies together would exceed their bound. */
  | { readonly kind: 'no-room' };

const nothing = Buffer.alloc(0);
/** To read and to print a body below this takes a few milliseconds at most. */
const dearBytes = 65_536;

/** The declared length; undefined for a chunked body, 0 for none at all. */
function declaredLength(request: IncomingMessage): number | undefined {
  const length = request.headers['content-length'];
  if (length !== undefined) return Number(length);
  return request.headers['transfer-encoding'] === undefined ? 0 : undefined;
}

export class BodyReader {
  readonly #mostBytes: number;
  readonly #budget: SharedBudget;
  readonly #turns: Turns;

  /** `budget`: for the bytes of all bodies that are being read or wait for their turn. */
  constructor(mostBytes: number, budget: SharedBudget, turns: Turns) {
    this.#mostBytes = mostBytes;
    this.#budget = budget;
    this.#turns = turns;
  }

  /** Bytes that have come of bodies that are not whole yet. What a request only promises takes up nothing. */
  get reading(): number {
    return this.#budget.used;
  }

  /** Calls `then` once, unless the client goes away first. After a refusal the rest of the body is still unread. `owner`: whose share it is. */
  read(request: IncomingMessage, owner: string, then: (body: Body) => void): void {
    const declared = declaredLength(request);
    if (declared === 0) {
      request.resume();
      this.#turns.take({ owner, line: request.socket, dear: false }, () =>
        then({ kind: 'whole', bytes: nothing }),
      );
    } else if (declared !== undefined && declared > this.#mostBytes) then({ kind: 'too-large' });
    else this.#collect(request, owner, then);
  }

  #collect(request: IncomingMessage, owner: string, then: (body: Body) => void): void {
    let bytes = 0;
    let chunks: Buffer[] = [];
    const unheard = (): void => {
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('close', onClose);
    };
    const finish = (body: Body | undefined): void => {
      unheard();
      this.#budget.give(owner, bytes);
      chunks = [];
      if (body !== undefined) then(body);
    };
    const onData = (chunk: Buffer): void => {
      if (bytes + chunk.byteLength > this.#mostBytes) finish({ kind: 'too-large' });
      else if (!this.#budget.take(owner, chunk.byteLength)) finish({ kind: 'no-room' });
      else {
        bytes += chunk.byteLength;
        chunks.push(chunk);
      }
    };
    const onEnd = (): void => {
      unheard();
      this.#turns.take({ owner, line: request.socket, dear: bytes >= dearBytes }, () => {
        const [first = nothing] = chunks;
        finish({ kind: 'whole', bytes: chunks.length < 2 ? first : Buffer.concat(chunks, bytes) });
      });
    };
    // Closed before its end: nobody is there to be answered.
    const onClose = (): void => finish(undefined);
    request.on('data', onData);
    request.on('end', onEnd);
    request.on('close', onClose);
  }
}
