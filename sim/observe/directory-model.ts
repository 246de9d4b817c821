/** The directory as its committed log tells it: a copy that no node holds, for checkers that must know first. */
import { chunkHeaderBytes, chunkKind, readChunkHeader, type Limits } from '@callboard/client/protocol';
import { decodeEntry, DirectoryMachine, type Topic } from '../../src/directory/index.ts';

export interface DirectoryModelOptions {
  readonly limits: Limits;
  readonly nodes: number;
  readonly onTopic: (topic: Topic) => void;
  readonly report: (text: string) => void;
}

export class DirectoryModel {
  readonly machine: DirectoryMachine;
  readonly #options: DirectoryModelOptions;

  constructor(options: DirectoryModelOptions) {
    this.#options = options;
    const { limits, nodes } = options;
    this.machine = new DirectoryMachine({ limits, replicationFactor: nodes <= 2 ? 1 : 3 });
  }

  /** The next entry of group 0. */
  committed(bytes: Uint8Array): void {
    if (readChunkHeader(bytes).kind !== chunkKind.command) return;
    const decoded = decodeEntry(bytes.subarray(chunkHeaderBytes));
    if (!decoded.ok) {
      this.#options.report(`an entry of the directory cannot be read: ${decoded.detail}`);
      return;
    }
    const { command, tag } = decoded.entry;
    for (const event of this.machine.apply(command, tag).events) {
      if (event.kind === 'topic') this.#options.onTopic(event.topic);
    }
  }
}
