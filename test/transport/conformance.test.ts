/** The WebSocket links keep the contract of the Network port. */
import { networkConformance, probeCodec, type NetworkBench } from '../ports/network-conformance.ts';
import { until } from '../lib/until.ts';
import { quickLimits, TestNode } from './kit.ts';

const limits = { ...quickLimits, peerLinkBytes: 8 << 20 };

async function openCluster(names: readonly string[]): Promise<NetworkBench> {
  const nodes = new Map<string, TestNode>();
  const lives = new Map<string, number>();
  const open = async (name: string, port?: number): Promise<void> => {
    const life = (lives.get(name) ?? 0) + 1;
    lives.set(name, life);
    const peers = new Map([...nodes].map(([peer, node]) => [peer, node.address]));
    const links = {
      incarnation: life,
      codec: probeCodec,
    };
    const node = await TestNode.open(name, peers, { limits, links, ...(port === undefined ? {} : { port }) });
    for (const peer of nodes.values()) if (peer.name !== name) peer.links.addPeer(name, node.address);
    nodes.set(name, node);
  };
  for (const name of names) await open(name);
  const at = (name: string): TestNode => nodes.get(name) as TestNode;
  const pauseAll = (name: string, pause: boolean): void => {
    // Every TCP connection of the node, the ones that it took in and the ones that it opened.
    for (const node of nodes.values()) {
      for (const socket of node.sockets) {
        const mine = node.name === name;
        if (mine && pause) socket.pause();
        else if (mine) socket.resume();
      }
    }
  };
  return {
    network: (name) => at(name).links,
    received: (name) => at(name).received,
    news: (name) => at(name).news,
    until: (done) => until('the network', done),
    kill: (name) => at(name).kill(),
    restart: (name) => open(name, at(name).port),
    clog: (name) => pauseAll(name, true),
    unclog: (name) => pauseAll(name, false),
    // The link's own bound, and what the operating system's socket buffers take at both ends.
    linkBytes: limits.peerLinkBytes + (32 << 20),
    close: async () => {
      for (const node of nodes.values()) await node.close();
    },
  };
}

networkConformance('peer links', openCluster);
