/** What commands print: tables for people, JSON for programs, colours where a terminal shows them. */
import { CliError } from './errors.ts';

export type Format = 'table' | 'json';
export type Tone = 'good' | 'bad' | 'warn' | 'faint';

const TONES: Readonly<Record<Tone, number>> = { good: 32, bad: 31, warn: 33, faint: 2 };

export function outputFormat(value: string | boolean | undefined): Format {
  if (value === undefined || value === 'table') return 'table';
  if (value === 'json') return 'json';
  throw new CliError(
    'usage',
    `--output is '${String(value)}' (came from the command line): write table or json.`,
  );
}

export class Console {
  readonly format: Format;
  readonly #stream: NodeJS.WriteStream;
  readonly #colors: boolean;

  constructor(format: Format, env: Readonly<Record<string, string | undefined>>, stream: NodeJS.WriteStream) {
    this.format = format;
    this.#stream = stream;
    this.#colors = stream.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  }

  get json(): boolean {
    return this.format === 'json';
  }

  /** Somebody watches. */
  get terminal(): boolean {
    return this.#stream.isTTY;
  }

  tone(text: string, tone: Tone): string {
    return this.#colors ? `\u001b[${TONES[tone]}m${text}\u001b[0m` : text;
  }

  /** Resolves when there is room for more: a reader that is slow slows the command, and nothing piles up. */
  async write(text: string | Uint8Array): Promise<void> {
    if (this.#stream.write(text)) return;
    await new Promise<void>((resolve) => this.#stream.once('drain', resolve));
  }

  line(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  document(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value, undefined, 2));
  }

  /** One line of JSON Lines. */
  entry(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value));
  }

  /** Numbers stand to the right. Cells may be toned; what is shown counts for their width. */
  table(headers: readonly string[], rows: readonly (readonly (string | number)[])[]): Promise<void> {
    const widths = headers.map((header, at) =>
      Math.max(header.length, ...rows.map((row) => shownLength(String(row[at] ?? '')))),
    );
    const line = (cells: readonly (string | number)[]): string =>
      cells
        .map((cell, at) => {
          const pad = ' '.repeat(Math.max(0, (widths[at] ?? 0) - shownLength(String(cell))));
          return typeof cell === 'number' ? `${pad}${cell}` : `${cell}${pad}`;
        })
        .join('  ')
        .trimEnd();
    const head = line(
      headers.map((header, at) =>
        typeof rows[0]?.[at] === 'number' ? header.padStart(widths[at] ?? 0) : header,
      ),
    );
    return this.line([this.tone(head, 'faint'), ...rows.map(line)].join('\n'));
  }
}

function shownLength(text: string): number {
  return text.replaceAll(ANSI, '').length;
}

const ANSI = new RegExp(String.raw`\u001b\[\d+m`, 'g');

/** 1.5 MiB, 12.0 GiB. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** 3d 4h, 5m 10s. */
export function durationText(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [Math.floor(seconds) % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0s';
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}
