// Just enough of a syntax tree to walk it. The parser is used directly because the compiler has no API to ask.
import { parseSync } from 'oxc-parser';
import type { ParseResult } from 'oxc-parser';

export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly [field: string]: unknown;
}

export function parse(file: string, source: string): ParseResult {
  const parsed = parseSync(file, source, { sourceType: 'module' });
  const error = parsed.errors[0];
  // A file that does not parse would pass every check on its tree.
  if (error !== undefined) throw new Error(`${file} does not parse: ${error.message}`);
  return parsed;
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** Visits every node below `value`, parents first. */
export function walk(value: unknown, visit: (node: SyntaxNode, parent: SyntaxNode | null) => void): void {
  const pending: { value: unknown; parent: SyntaxNode | null }[] = [{ value, parent: null }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    let { parent } = next;
    if (typeof next.value !== 'object' || next.value === null) continue;
    if (isNode(next.value)) {
      visit(next.value, parent);
      parent = next.value;
    }
    for (const child of Object.values(next.value)) pending.push({ value: child, parent });
  }
}

export function lineOf(source: string, offset: number): number {
  return source.slice(0, offset).split('\n').length;
}
