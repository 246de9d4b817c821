/** What a producer or consumer is made of. */
import type { Failure } from './protocol/index.ts';

export interface Made<T extends object> {
  readonly topic: string;
  readonly options: T;
  /** Why it can do nothing: its promises tell. */
  readonly refusal: Failure | undefined;
}
