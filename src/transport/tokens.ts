/** Whether a client's token is one of the configured ones, in a time that tells nothing about them. */
import { createHash, timingSafeEqual } from 'node:crypto';

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/** With no tokens configured everybody may come in: such a node listens on loopback only. */
export function tokenCheck(tokens: readonly string[]): (token: string | undefined) => boolean {
  const known = tokens.map(digest);
  return (token) => {
    if (known.length === 0) return true;
    const given = digest(token ?? '');
    // Every token is compared, whether or not an earlier one matched.
    const matches = known.filter((one) => timingSafeEqual(one, given));
    return matches.length > 0 && token !== undefined;
  };
}
