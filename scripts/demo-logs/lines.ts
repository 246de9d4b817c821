/** The lines to send: real system logs where they lie beside the project, else generated ones. */
import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Line {
  readonly file: string;
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

export interface Input {
  readonly lines: readonly Line[];
  readonly origin: string;
}

const GENERATED_FILES = 7;
const GENERATED_LINES = 2_000;

/** A carriage return before the line end stays: these files were written so. */
function splitLines(file: string, bytes: Buffer): Line[] {
  // HTTP carries text; bytes that are none keep their values as the characters of the same number.
  const pieces = bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1').split('\n');
  // What follows the last line end is a line only if there is something.
  if (pieces.at(-1) === '') pieces.pop();
  return pieces.map((text, index) => ({ file, number: index + 1, text }));
}

function generated(): Line[] {
  return Array.from({ length: GENERATED_FILES }, (_, file) =>
    Array.from({ length: GENERATED_LINES }, (__, index) => {
      // As in real logs, many lines are the same.
      const text = `host${file} service[${index % 97}]: "request" took ${(index * 7) % 300} ms, état=${index % 5}\r`;
      return { file: `generated-${file + 1}.log`, number: index + 1, text };
    }),
  ).flat();
}

export function readInput(root: string): Input {
  const directory = join(root, '../shared/data/loghub');
  const files = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.log')) : [];
  if (files.length === 0) {
    const lines = generated();
    return { lines, origin: `${lines.length} GENERATED lines (there are no logs in ${directory})` };
  }
  const lines = files.toSorted().flatMap((file) => splitLines(file, readFileSync(join(directory, file))));
  return { lines, origin: `${lines.length} lines of ${files.length} files in ${directory}` };
}
