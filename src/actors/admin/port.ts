/**
 * What the admin sees of its node: counters and reports that others keep. Reading changes nothing; `tap` shows what one actor handles, and
 * its listener is called within that actor's turn, so it must only note what it is told.
 */
import type { NodeFacts, RemovalRow } from '@callboard/client/protocol';
import type { ActorInfo, TapListener } from '../../kernel/index.ts';

/** The directory as this node has it. */
export interface DirectoryReport {
  readonly clusterId: string | undefined;
  readonly primary: string | undefined;
  readonly topics: number;
  readonly partitions: number;
  /** Topics that are being deleted. */
  readonly removals: readonly RemovalRow[];
  readonly brokers: readonly {
    readonly name: string;
    readonly url: string | undefined;
    readonly state: 'active' | 'inactive' | 'leaving';
  }[];
}

export interface AdminPort {
  /** The nodes named at the start, this one included. */
  readonly nodes: readonly string[];
  facts(): NodeFacts;
  directory(): DirectoryReport;
  actors(): readonly ActorInfo[];
  actor(id: string): ActorInfo | undefined;
  /** False: there is no such actor. A second tap of one actor ends the first. */
  tap(id: string, messages: number, listener: TapListener): boolean;
  untap(id: string): void;
}
