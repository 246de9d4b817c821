// PeerLink: news of links reaches everybody who watches, once for each change.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failure } from '@callboard/client/protocol';
import type { GroupLink } from '../../../src/actors/group/messages.ts';
import { PeerLink } from '../../../src/actors/peer-link/index.ts';
import type { PushNews } from '../../../src/actors/partition-replica/push-messages.ts';
import type { PeerLinkMessage } from '../../../src/actors/peer-link/messages.ts';
import { refTo, type Ref, type SendResult } from '../../../src/kernel/index.ts';
import { collector, newKit, type Kit, type KitOptions } from '../../kernel/kit.ts';

interface Bench {
  readonly kit: Kit;
  readonly link: Ref<PeerLinkMessage>;
  news(node: string, up: boolean): void;
  watch(watcher: Ref<GroupLink>): void;
}

function bench(options: KitOptions = {}): Bench {
  const kit = newKit(options);
  const link = kit.system.spawn<PeerLinkMessage>('peer-link', () => new PeerLink());
  const tell = (message: PeerLinkMessage): void => {
    kit.system.send(link, message, 'control');
    kit.settle();
  };
  return {
    kit,
    link,
    news: (node, up) => tell({ kind: 'link-news', node, up }),
    watch: (watcher) => tell({ kind: 'watch-links', watcher }),
  };
}

function heard(messages: readonly GroupLink[]): string[] {
  return messages.map(({ node, up }) => `${node} ${up ? 'up' : 'down'}`);
}

const links = suite('peer links');

links('tells a watcher what is known and then what changes', () => {
  const { kit, news, watch } = bench();
  news('n2', true);
  news('n3', false);
  const messages: GroupLink[] = [];
  watch(kit.system.spawn('one', collector(messages)));
  news('n2', false);
  news('n2', true);
  assert.equal(heard(messages), ['n2 up', 'n3 down', 'n2 down', 'n2 up']);
});

links('tells of a change once, though a link has two sockets that close', () => {
  const { kit, news, watch } = bench();
  const messages: GroupLink[] = [];
  watch(kit.system.spawn('one', collector(messages)));
  for (const up of [true, true, false, false]) news('n2', up);
  assert.equal(heard(messages), ['n2 up', 'n2 down']);
});

links('tells all watchers, and forgets those that have ended', () => {
  const { kit, link, news, watch } = bench();
  const [one, two]: [GroupLink[], GroupLink[]] = [[], []];
  const first = kit.system.spawn('one', collector(one));
  watch(first);
  watch(kit.system.spawn('two', collector(two)));
  news('n2', true);
  kit.system.stop(first);
  kit.settle();
  news('n2', false);
  assert.equal([heard(one), heard(two)], [['n2 up'], ['n2 up', 'n2 down']]);
  const info = kit.system.inspect().find(({ id }) => id === link.id);
  assert.is(info?.details['watchers'], 1);
});

links('tells the next incarnation of a watcher that watches again', () => {
  const { kit, news, watch } = bench();
  const [one, two]: [GroupLink[], GroupLink[]] = [[], []];
  const first = kit.system.spawn('one', collector(one));
  watch(first);
  kit.system.stop(first);
  kit.settle();
  watch(kit.system.spawn('one', collector(two)));
  news('n2', true);
  assert.equal([heard(one), heard(two)], [[], ['n2 up']]);
});

function ended(id: number): PushNews {
  return { kind: 'push-ended', id, error: failure('unavailable'), leader: undefined };
}

/** What somebody who has ended left to tell; a full link takes nothing. */
function leave(to: Bench, node: string, count: number): void {
  for (let id = 0; id < count; id += 1) {
    const words = { kind: 'last-words', to: refTo<PushNews>(node, 'client/1'), message: ended(id) } as const;
    to.kit.system.send(to.link, words, 'control');
  }
  to.kit.settle();
}

links(
  'tells what was left to it as soon as the link has room, in order, and nothing once the link is down',
  () => {
    for (const closed of [false, true]) {
      const room = { answer: 'full' as SendResult };
      const rig = bench({ networkAnswer: () => room.answer });
      rig.news('n2', true);
      leave(rig, 'n2', 3);
      rig.kit.pass(200);
      if (closed) rig.news('n2', false);
      room.answer = 'accepted';
      rig.kit.sent.length = 0;
      rig.kit.pass(200);
      const told = rig.kit.sent.map(({ lane, message }) => `${lane} ${(message as { id: number }).id}`);
      assert.equal(told, closed ? [] : ['control 0', 'control 1', 'control 2']);
      rig.kit.pass(200);
      assert.is(rig.kit.sent.length, told.length);
    }
  },
);

links.run();
