/** The admin token. Compared by digests of equal length, so that the time taken tells nothing about it. */
import { createHash, timingSafeEqual } from 'node:crypto';

function digest(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

/** Says whether a token is the right one. Without a configured token none is. */
export function tokenChecker(expected: string | undefined): (token: string) => boolean {
  const right = digest(expected ?? '');
  const usable = expected !== undefined && expected !== '';
  return (token) => timingSafeEqual(digest(token), right) && usable;
}
