/**
 * The end of a run: everything is healed and started, and then the cluster has a bounded time in which every group must have a
 * leader and take a write, and every replica must be whole and equal to the others. What is on the disks then is compared with
 * what was ever acknowledged.
 */
import { brokerState } from '../src/directory/index.ts';
import type { SentRecord } from './checkers/records.ts';
import type { FaultPlan } from './faults/plan.ts';
import type { SimNode } from './node.ts';
import { managerActorId } from '../src/actors/manager/messages.ts';
import { partitionActorId } from '../src/actors/partition-replica/messages.ts';
import { oneRecordChunk } from './workload/one-record.ts';
import { leastValueBytes } from './workload/values.ts';
import type { Workload } from './workload/workload.ts';
import type { World } from './world.ts';

/** Ten of the longest election timeouts. */
const writableMicros = 20_000_000;
/** Copies in memory that lost a majority are tried and given up in turn until their losses meet. */
const lossRounds = 6;
const equalMicros = 90_000_000;
const pollMs = 100;

export class Finale {
  readonly #world: World;
  readonly #work: Workload;
  readonly #plan: FaultPlan;
  /** The groups of partitions, as they were first seen, that have taken no write yet. */
  readonly #unwritten = new Set<number>();
  #healedAt = 0;
  #unavailableMicros = 0;
  #done = false;

  constructor(world: World, work: Workload, plan: FaultPlan) {
    this.#world = world;
    this.#work = work;
    this.#plan = plan;
  }

  get done(): boolean {
    return this.#done;
  }

  /** From the healing to the first write of the last group. */
  get unavailableMicros(): number {
    return this.#unavailableMicros;
  }

  begin(): void {
    const world = this.#world;
    const work = this.#work;
    work.stopped = true;
    for (const follower of work.followers) follower.finish();
    this.#plan.heal();
    this.#healedAt = world.nowMicros;
    // Damage that nobody has met yet must be met now.
    for (const name of world.atlas.suspects) {
      world.node(name).crash(false);
      world.node(name).start();
    }
    for (const topic of work.topics()) for (const group of topic.groups) this.#unwritten.add(group);
    for (const group of [...this.#unwritten]) this.#probe(group);
    this.#poll();
  }

  #probe(group: number): void {
    const world = this.#world;
    const random = this.#work.fork(`probe ${group}`);
    const fresh = (): SentRecord => ({
      id: this.#work.nextRecord(),
      client: `probe-${group}`,
      groups: [group],
      ordered: true,
      bytes: leastValueBytes,
    });
    let record = fresh();
    const producerId = random.bytes(16);
    let epoch = 0;
    let leader: string | undefined;
    const attempt = (): void => {
      if (world.report.failed) return;
      const { generations } = world.checks;
      const now = generations.now(group);
      const members = world.checks.promises.members(now);
      const target = leader ?? random.pick(members);
      const node = world.node(target);
      world.checks.records.attempt(record, world.nowMicros);
      const timestamp = node.clock?.wallTime() ?? 1;
      const chunk = oneRecordChunk({ ...record, producerId, epoch, timestamp });
      this.#work.clients.request(node, target, now, { kind: 'produce', acks: 'quorum', chunk }, (outcome) => {
        const answer = outcome.kind === 'value' ? outcome.value : undefined;
        if (answer?.kind === 'produced') {
          const place = { group: generations.holding(now, answer.baseOffset), offset: answer.baseOffset };
          world.checks.records.answered(record.id, 'applied', place, world.nowMicros);
          this.#written(group);
          return;
        }
        const refused =
          outcome.kind === 'refused' ||
          (answer?.kind === 'partition-failed' && answer.error.outcome === 'not_applied');
        world.checks.records.answered(
          record.id,
          refused ? 'not_applied' : 'unknown',
          undefined,
          world.nowMicros,
        );
        leader = answer?.kind === 'partition-failed' ? answer.leader : undefined;
        if (answer?.kind === 'partition-failed' && answer.error.code === 'producer_expired') {
          epoch = answer.error.nextEpoch ?? epoch + 1;
          record = fresh();
        }
        world.after(random.between(20, 200), attempt);
      });
    };
    attempt();
  }

  #written(group: number): void {
    if (!this.#unwritten.delete(group) || this.#waitingOnDisk().length > 0) return;
    if (this.#isInMemory(group)) return;
    this.#unavailableMicros = this.#world.nowMicros - this.#healedAt;
  }

  #isInMemory(group: number): boolean {
    return this.#world.checks.generations.isInMemory(group);
  }

  #waitingOnDisk(): readonly number[] {
    return [...this.#unwritten].filter((group) => !this.#isInMemory(group));
  }

  /** Groups that should have taken a write by now. */
  #late(elapsedMicros: number): readonly number[] {
    const { memoryLossMs } = this.#world.settings.limits;
    const lossMicros = writableMicros + lossRounds * memoryLossMs * 1_000;
    return [...this.#unwritten].filter(
      (group) => elapsedMicros > (this.#isInMemory(group) ? lossMicros : writableMicros),
    );
  }

  #poll(): void {
    const { report, nowMicros, atlas } = this.#world;
    if (this.#done || report.failed) return;
    const elapsed = nowMicros - this.#healedAt;
    atlas.sweep(() => undefined);
    const late = this.#late(elapsed);
    if (late.length > 0) {
      report.violation(
        'liveness',
        `groups ${late.join()} took no write within ${elapsed / 1_000_000} s of healing`,
      );
      return;
    }
    const lagging = (): string | undefined => {
      for (const follower of this.#work.followers) {
        const lag = follower.lag();
        if (lag !== undefined) return lag;
      }
      return undefined;
    };
    const open = this.#work.clients.open + this.#work.insisting;
    const lag = this.#unwritten.size === 0 && open === 0 ? (this.#lag() ?? lagging()) : 'writes are open';
    if (lag === undefined) {
      this.#compare();
      this.#done = true;
      return;
    }
    if (elapsed > equalMicros) {
      report.violation(
        'liveness',
        `after ${elapsed / 1_000_000} s of healing: ${lag} (${this.#work.clients.open} calls open, ${this.#work.insisting} numbered records insist)`,
      );
      return;
    }
    this.#world.after(pollMs, () => this.#poll());
  }

  /** What still keeps some replica from being whole and equal; undefined: nothing. */
  #lag(): string | undefined {
    const { checks } = this.#world;
    for (const group of checks.promises.groups()) {
      const { last } = checks.committed.group(group);
      for (const name of checks.promises.members(group)) {
        const node = this.#world.node(name);
        if (checks.promises.isOut(name, group)) {
          const said = this.#outsider(node, group);
          if (said !== undefined) return said;
          continue;
        }
        const view = checks.raft.view(name, group);
        if (view === undefined || view.life !== node.life || !node.running) {
          return `group ${group} does not run on ${name}`;
        }
        const status = view.raft.status();
        if (status.damaged) return `group ${group} is damaged on ${name}`;
        if (status.applied < last || status.last !== last) {
          return `group ${group} on ${name} has applied ${status.applied} of ${last} entries`;
        }
        if (status.durable < last) {
          return `group ${group} on ${name} is durable up to ${status.durable} of ${last}`;
        }
      }
    }
    return this.#remains();
  }

  /** What a node that lost its disk says amiss of a replica that was placed on it before. */
  #outsider(node: SimNode, group: number): string | undefined {
    const details = node.system?.drivers.get(managerActorId)?.inspect?.();
    const verdict = String(details?.['verdict']);
    if (verdict !== 'journal-lost') return `${node.name} lost its disk, and says ${verdict} of itself`;
    const broker = this.#world.checks.directory.machine.broker(node.name);
    if (broker !== undefined && brokerState(broker) === 'active') {
      return `${node.name} lost its disk, and the directory has it as an active broker`;
    }
    const runs = node.system?.find(partitionActorId(group)) !== undefined || this.#lives(node.name, group);
    return runs ? `${node.name} lost its disk, and runs a replica of group ${group}` : undefined;
  }

  /** What is left of removed topics; undefined: nothing. A fault may bring deleted keys back, and nobody looks at those. */
  #remains(): string | undefined {
    const { atlas, checks } = this.#world;
    for (const { name, system } of this.#world.nodes) {
      const deleting = system?.inspectOne(managerActorId)?.details['deleting'] as
        readonly unknown[] | undefined;
      if (deleting?.length !== 0) return `the removal of a topic has not ended, says ${name}`;
    }
    for (const [group, deaths] of checks.promises.deaths()) {
      for (const name of checks.promises.members(group)) {
        // It may have been removed before it was born there.
        const died = deaths.get(name) ?? -1;
        if (this.#lives(name, group)) {
          return `the replica of removed group ${group} lives on ${name}`;
        }
        if (atlas.damagedAtMicros(name) < died && atlas.reader(name).holds(group)) {
          return `${name} still stores entries of removed group ${group}`;
        }
      }
    }
    return undefined;
  }

  #lives(node: string, group: number): boolean {
    return (
      this.#world
        .node(node)
        .store?.replicas()
        .some((birth) => birth.group === group) ?? true
    );
  }

  #compare(): void {
    const world = this.#world;
    const { checks, report, atlas } = world;
    checks.sample();
    checks.told();
    for (const group of checks.promises.groups()) {
      const { last, checksums } = checks.committed.group(group);
      for (const name of checks.promises.members(group)) {
        if (checks.promises.isOut(name, group)) continue;
        for (let index = 1; index <= last; index += 1) {
          if (atlas.reader(name).entry(group, index)?.checksum === checksums[index]) continue;
          // Damage behind the back of a process is found by its scrubber, in time.
          if (!atlas.excuses(name)) {
            report.violation(
              'disks',
              `${name} does not hold entry ${index} of group ${group}, committed up to ${last}`,
            );
          }
          break;
        }
      }
    }
    for (const { id, group, offset } of checks.records.acks()) {
      if (valueAt(world, group, offset) === id) continue;
      report.violation(
        'records',
        `record ${id} was acknowledged at offset ${offset} of group ${group} and is not there`,
      );
    }
    checks.consumers.finish(checks.committed.groups().keys());
    const { refused, unknownLost, unknownStored } = checks.records.count();
    if (refused > 0) report.sometimes('a produce ended not applied and was not stored');
    if (unknownStored > 0) report.sometimes('a produce ended unknown and was stored');
    if (unknownLost > 0) report.sometimes('a produce ended unknown and was not stored');
  }
}

function valueAt(world: World, group: number, offset: number): number {
  const value = world.checks.committed.group(group).valueAt(offset);
  return value === undefined ? -1 : new DataView(value.buffer, value.byteOffset, 4).getUint32(0, true);
}
