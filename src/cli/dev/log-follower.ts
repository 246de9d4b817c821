/** `--verbose`: shows what the nodes write into their logs, each line with the node's name. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { readableLine } from '../log.ts';

const PAUSE_MS = 200;
const READ_BYTES = 64 << 10;

export class LogFollower {
  readonly #name: string;
  readonly #file: string;
  readonly #print: (line: string) => void;
  readonly #timer: NodeJS.Timeout;
  #decoder = new StringDecoder('utf8');
  #position: number;
  #rest = '';

  /** Begins at the present end of the file. Looking again and again works on every file system; being told does not. */
  constructor(name: string, file: string, print: (line: string) => void) {
    this.#name = name;
    this.#file = file;
    this.#print = print;
    this.#position = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    this.#timer = setInterval(() => this.#look(), PAUSE_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#look();
  }

  #look(): void {
    try {
      const fd = openSync(this.#file, 'r');
      try {
        this.#readFrom(fd);
      } finally {
        closeSync(fd);
      }
    } catch {
      // Not there yet, or being replaced; the next look will tell.
    }
  }

  #readFrom(fd: number): void {
    if (fstatSync(fd).size < this.#position) {
      // A new file took its place.
      this.#position = 0;
      this.#rest = '';
      this.#decoder = new StringDecoder('utf8');
    }
    const buffer = Buffer.alloc(READ_BYTES);
    for (;;) {
      const bytes = readSync(fd, buffer, 0, buffer.length, this.#position);
      if (bytes === 0) return;
      this.#position += bytes;
      const lines = (this.#rest + this.#decoder.write(buffer.subarray(0, bytes))).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#print(`${this.#name} | ${readableLine(line)}`);
    }
  }
}
