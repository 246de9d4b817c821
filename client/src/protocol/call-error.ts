/** The name under which the house passes a failed call's answer around; see `errors.ts`. */
export type { Failure as CallError } from './errors.ts';
