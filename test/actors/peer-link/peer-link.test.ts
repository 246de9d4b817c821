// PeerLink: news of links reaches everybody who watches, once for each change.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { GroupLink } from '../../../src/actors/group/messages.ts';
import { PeerLink } from '../../../src/actors/peer-link/index.ts';
import type { PeerLinkMessage } from '../../../src/actors/peer-link/messages.ts';
import type { Ref } from '../../../src/kernel/index.ts';
import { collector, newKit, type Kit } from '../../kernel/kit.ts';

interface Bench {
  readonly kit: Kit;
  readonly link: Ref<PeerLinkMessage>;
  news(node: string, up: boolean): void;
  watch(watcher: Ref<GroupLink>): void;
}

function bench(): Bench {
  const kit = newKit();
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

links.run();
