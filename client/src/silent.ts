/** For a promise that need not be awaited: who does is told, and nobody else. */
export function silent<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
