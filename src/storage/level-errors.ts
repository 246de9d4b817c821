/** What an error of LevelDB means for the data. */
export interface LevelError extends Error {
  readonly code?: unknown;
}

export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** LevelDB's own error, innermost. */
export function causeOf(reason: unknown): LevelError {
  let error: LevelError = asError(reason);
  while (error.cause instanceof Error) error = error.cause;
  return error;
}

/**
 * Whether the data themselves are at fault. A full disk, missing rights, a lock or an I/O error must not cost a node its
 * log: it had better not start. Files that are missing, cut short or not what they should be come as I/O errors too.
 */
export function isDamage(cause: LevelError): boolean {
  if (cause.code === 'LEVEL_CORRUPTION' || cause.code === 'EEXIST' || cause.code === 'ENOTDIR') return true;
  if (cause.code !== 'LEVEL_IO_ERROR') return false;
  return /No such file|Invalid argument|[Ii]s a directory|Not a directory/.test(cause.message);
}

/** Someone, in this process or in another, has the database open. */
export function isLocked(cause: LevelError): boolean {
  return cause.code === 'LEVEL_LOCKED';
}

export function isNoSpace(cause: LevelError): boolean {
  return /No space left/i.test(cause.message);
}
