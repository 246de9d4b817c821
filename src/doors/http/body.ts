/**
 * Reads request bodies within two bounds: one for each, one for all that are being read. What is too large is refused as soon
 * as that is known, by its declared length or by counting.
 */
import type { IncomingMessage } from 'node:http';

export type Body =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  /** All bodies together would exceed their bound. */
  | { readonly kind: 'no-room' };

const nothing = Buffer.alloc(0);

/** The declared length; undefined for a chunked body, 0 for none at all. */
function declaredLength(request: IncomingMessage): number | undefined {
  const length = request.headers['content-length'];
  if (length !== undefined) return Number(length);
  return request.headers['transfer-encoding'] === undefined ? 0 : undefined;
}

export class BodyReader {
  readonly #mostBytes: number;
  readonly #mostBytesTogether: number;
  #reading = 0;

  constructor(mostBytes: number, mostBytesTogether: number) {
    this.#mostBytes = mostBytes;
    this.#mostBytesTogether = mostBytesTogether;
  }

  /** Bytes promised or read of bodies that are not whole yet. */
  get reading(): number {
    return this.#reading;
  }

  /** Calls `then` once, unless the client goes away first. After a refusal the rest of the body is still unread. */
  read(request: IncomingMessage, then: (body: Body) => void): void {
    const declared = declaredLength(request);
    if (declared === 0) {
      request.resume();
      then({ kind: 'whole', bytes: nothing });
      return;
    }
    if (declared !== undefined && declared > this.#mostBytes) {
      then({ kind: 'too-large' });
      return;
    }
    if (this.#reading + (declared ?? 0) > this.#mostBytesTogether) {
      then({ kind: 'no-room' });
      return;
    }
    this.#collect(request, declared, then);
  }

  #collect(request: IncomingMessage, declared: number | undefined, then: (body: Body) => void): void {
    let reserved = declared ?? 0;
    this.#reading += reserved;
    let bytes = 0;
    let chunks: Buffer[] = [];
    const finish = (body: Body | undefined): void => {
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('close', onClose);
      this.#reading -= reserved;
      chunks = [];
      if (body !== undefined) then(body);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.byteLength;
      if (bytes > reserved) {
        this.#reading += bytes - reserved;
        reserved = bytes;
      }
      if (bytes > this.#mostBytes) finish({ kind: 'too-large' });
      else if (this.#reading > this.#mostBytesTogether) finish({ kind: 'no-room' });
      else chunks.push(chunk);
    };
    const onEnd = (): void => {
      const [first = nothing] = chunks;
      finish({ kind: 'whole', bytes: chunks.length < 2 ? first : Buffer.concat(chunks, bytes) });
    };
    // Closed before its end: nobody is there to be answered.
    const onClose = (): void => finish(undefined);
    request.on('data', onData);
    request.on('end', onEnd);
    request.on('close', onClose);
  }
}
