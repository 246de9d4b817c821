// The pure rooms and the actors decide in one synchronous step, from their inputs alone; else a seed would not
// replay a run. The linter bans the globals that break this (see .oxlintrc.json); here is what it has no rule for.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listSources } from '../lib/source-tree.ts';
import { isNode, lineOf, parse, walk } from '../lib/syntax-tree.ts';
import type { SyntaxNode } from '../lib/syntax-tree.ts';
import { fromFaults } from './check-result.ts';
import type { CheckResult } from './check-result.ts';

const DETERMINISTIC_ROOMS = ['kernel', 'actors', 'raft', 'partition', 'directory', 'kv'].map(
  (room) => `src/${room}`,
);

const PROMISE_TYPES = ['Promise', 'PromiseLike', 'Awaited'];

function isIdentifier(node: unknown, name: string): boolean {
  return isNode(node) && node.type === 'Identifier' && node['name'] === name;
}

/** `Math` other than as `Math.x`: under another name the linter would not know it again. */
function hidesMath(node: SyntaxNode, parent: SyntaxNode | null): boolean {
  if (!isIdentifier(node, 'Math') || parent === null) return false;
  if (parent.type === 'MemberExpression') {
    const computed = parent['object'] === node && parent['computed'] === true;
    return computed && !(isNode(parent['property']) && parent['property'].type === 'Literal');
  }
  // Only the name of a member: `{ Math: 1 }`. The shorthand `{ Math }` has a value node besides.
  return parent['key'] !== node;
}

function faultIn(node: SyntaxNode, parent: SyntaxNode | null): string | null {
  if (node['async'] === true) return 'async function: an actor never awaits, ask by a message';
  if (node.type === 'AwaitExpression' || node['await'] === true) {
    return 'await: an actor never awaits, ask by a message';
  }
  if (node.type === 'ImportExpression') return 'import(): it is a promise; import at the top';
  if (node.type === 'TSTypeReference' && PROMISE_TYPES.some((name) => isIdentifier(node['typeName'], name))) {
    return 'promise type: an actor never awaits, ask by a message';
  }
  if (hidesMath(node, parent)) return 'Math passed around: write Math.x, so that Math.random is seen';
  return null;
}

/** Turning the linter off here would turn the ban off. */
function disabledRules(source: string): { offset: number; text: string }[] {
  const comments = source.matchAll(/(?:oxlint|eslint)-disable[\w-]*[^\n]*no-restricted[^\n]*/g);
  const blanket = source.matchAll(/(?:oxlint|eslint)-disable(?:-[\w-]+)?[ \t]*(?:\*\/|$)/gm);
  return [...comments, ...blanket].map((match) => ({ offset: match.index, text: match[0].trim() }));
}

export function bannedCallsIn(file: string, source: string): string[] {
  const faults: string[] = [];
  walk(parse(file, source).program, (node, parent) => {
    const fault = faultIn(node, parent);
    if (fault !== null) faults.push(`${file}:${lineOf(source, node.start)}: ${fault}`);
  });
  for (const { offset, text } of disabledRules(source)) {
    faults.push(`${file}:${lineOf(source, offset)}: the ban cannot be lifted by a comment: ${text}`);
  }
  return faults;
}

export function checkBannedCalls(root: string): CheckResult {
  const files = listSources(root, DETERMINISTIC_ROOMS);
  if (files.length === 0) return { ok: false, output: 'no file was checked' };
  const faults = files.flatMap((file) => bannedCallsIn(file, readFileSync(join(root, file), 'utf8')));
  return fromFaults(faults, `${files.length} files`);
}
