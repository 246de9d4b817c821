/**
 * Offsets over the losses of a topic in memory. A partition that lost a majority of its copies is begun anew as its next
 * generation, and that one's offsets begin at a mark of its own: no offset is ever used for two records, and a reader that
 * held a position in the generation before finds the next record above it.
 */
import { offset, type Offset } from './brands.ts';

/** Far more than a partition in memory can hold or has ever held. */
const offsetsPerGeneration = 2 ** 42;

/** So that every offset stays a safe whole number. */
export const partitionGenerations: number = 2 ** 11;

export function generationOf(offset: number): number {
  return Math.floor(offset / offsetsPerGeneration);
}

/** Offset of the first record of a partition in this generation, from 0. */
export function firstOffsetOf(generation: number): Offset {
  return offset(generation * offsetsPerGeneration);
}
