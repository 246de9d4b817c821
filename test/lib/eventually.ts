/** Waiting in tests: for a condition and with a deadline, never for a time. */

const POLL_MS = 25;

/** Resolves after `ms`; only for the pause between two looks. */
export function pause(ms: number = POLL_MS): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/**
 * Looks until `condition` gives something else than undefined and false, and returns that. What a look throws is an
 * ordinary "not yet", unless it is of the class `fatal`; the last such error is named when the deadline passes.
 */
export async function eventually<T>(
  what: string,
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs: number = 30_000,
  fatal?: new (message: string) => Error,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let last = '';
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
      last = '';
    } catch (error) {
      if (fatal !== undefined && error instanceof fatal) throw error;
      last = `; last error: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}${last}`);
    await pause();
  }
}
