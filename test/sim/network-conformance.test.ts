/** The simulated network keeps the contract of the Network port, with encoded messages and with shared ones. */
import { defaultLimits } from '@callboard/client/protocol';
import { networkConformance, probeCodec, type NetworkBench } from '../ports/network-conformance.ts';
import type { Envelope, Network } from '../../src/kernel/index.ts';
import { EncodedParcels, SharedParcels } from '../../sim/network/parcels.ts';
import type { Parcels } from '../../sim/network/parcels.ts';
import { SimNetwork } from '../../sim/network/sim-network.ts';
import { Report } from '../../sim/observe/report.ts';
import { SimClock } from '../../sim/ports/sim-clock.ts';
import { SimLoop } from '../../sim/ports/sim-loop.ts';

interface SimPeer {
  clock: SimClock;
  network: Network;
  received: Envelope[];
  news: string[];
}

const limits = { ...defaultLimits, peerLinkBytes: 8 << 20 };
const calm = { latencyMs: 0.4, jitterMs: 0.8, bulkBytesPerMs: 50_000, reorderMs: 50 };
const noWeather = { raw: false, loss: 0, duplicate: 0, reorder: 0, late: 0 };
const deadlineMicros = 120_000_000;

function openCluster(parcels: Parcels): (names: readonly string[]) => Promise<NetworkBench> {
  let seed = 0;
  return (names) => {
    seed += 1;
    const loop = new SimLoop({ seed });
    const network = new SimNetwork({
      loop,
      random: loop.random.fork('network'),
      settings: { ...calm, ...noWeather },
      limits,
      names,
      parcels,
      report: new Report({ nowMicros: () => loop.nowMicros, hash: loop.hash }),
      onSend: () => undefined,
    });
    const peers = new Map<string, SimPeer>();
    const start = (name: string, clock: SimClock): void => {
      const received: Envelope[] = [];
      const news: string[] = [];
      const port = network.attach({
        name,
        clock,
        deliver: (envelope) => void received.push(envelope),
        linkNews: (peer, up) => void news.push(`${up ? 'up' : 'down'} ${peer}`),
      });
      peers.set(name, { clock, network: port, received, news });
    };
    const at = (name: string): SimPeer => peers.get(name) as SimPeer;
    for (const name of names) start(name, new SimClock(loop, name));
    return Promise.resolve({
      network: (name) => at(name).network,
      received: (name) => at(name).received,
      news: (name) => at(name).news,
      until: (done) => {
        const end = loop.nowMicros + deadlineMicros;
        while (!done() && loop.nowMicros < end) loop.run(loop.nowMicros + 1_000);
        return done() ? Promise.resolve() : Promise.reject(new Error('the deadline passed'));
      },
      kill: (name) => {
        at(name).clock.crash();
        network.detach(name, false);
        return Promise.resolve();
      },
      restart: (name) => {
        start(name, at(name).clock.reboot());
        return Promise.resolve();
      },
      clog: (name) => at(name).clock.pause(),
      unclog: (name) => at(name).clock.resume(),
      linkBytes: limits.peerLinkBytes,
      close: () => Promise.resolve(),
    });
  };
}

networkConformance('the simulated network, encoded', openCluster(new EncodedParcels(probeCodec, limits)));
networkConformance('the simulated network, shared', openCluster(new SharedParcels()));
