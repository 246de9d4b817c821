/** Codecs for the usual kinds of values. */
import type { Bytes, Codec } from './api.ts';
import { jsonOf } from './checks/json.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const textOf = (bytes: Uint8Array): string => strict.decode(bytes);

/** Values as JSON. `T` is what the program says it is: whoever has to be sure checks it, in a codec of his own. */
export function json<T = unknown>(): Codec<T> {
  return {
    encode: (value) => jsonOf(value, 'the value'),
    decode: (bytes) => JSON.parse(textOf(bytes)) as T,
  };
}

/** Text as UTF-8. Reading what is none throws. */
export function text(): Codec<string> {
  return { encode: (value) => value, decode: textOf };
}

/** Bytes as they are. */
export function bytes(): { encode(value: Bytes): Bytes; decode(bytes: Uint8Array): Uint8Array } {
  return { encode: (value) => value, decode: (view) => view };
}
