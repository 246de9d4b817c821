/**
 * Turns whatever was thrown into small trace fields. Never throws itself: `throw null` and objects with hostile getters
 * exist.
 */
const MAX_TEXT = 256;

export interface ErrorFields extends Readonly<Record<string, string | undefined>> {
  readonly error: string;
  /** The innermost stack frame, if there is a stack. */
  readonly at: string | undefined;
}

export function describeError(thrown: unknown): ErrorFields {
  try {
    if (!(thrown instanceof Error)) return { error: String(thrown).slice(0, MAX_TEXT), at: undefined };
    const frame = thrown.stack?.split('\n').find((line) => line.trimStart().startsWith('at '));
    return {
      error: `${thrown.name}: ${thrown.message}`.slice(0, MAX_TEXT),
      at: frame?.trim().slice(0, MAX_TEXT),
    };
  } catch {
    return { error: 'a thrown value that cannot be described', at: undefined };
  }
}
