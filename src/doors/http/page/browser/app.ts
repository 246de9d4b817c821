/** The page at `/`: looks at the node while somebody looks at the page. */
import { showCluster, showSilence } from './cluster.ts';
import { byId } from './dom.ts';
import { Rates } from './rates.ts';
import { curlLines, typescriptLines } from './snippets.ts';
import { getStatus, getTopics } from './status.ts';
import { offerTail } from './tail.ts';
import { showTopics } from './topics.ts';

const everyMs = 2_000;
/** A node for which a look is much work (thousands of partitions, or a slow machine) is looked at less often. */
const pausePerLook = 10;
const mostMs = 30_000;
const rates = new Rates();

function showFault(text: string | undefined): void {
  const fault = byId('fault', HTMLElement);
  fault.textContent = text ?? '';
  fault.hidden = text === undefined;
}

/** Whether the node answered. */
async function look(): Promise<boolean> {
  try {
    const [status, topics] = await Promise.all([getStatus(), getTopics()]);
    rates.look(topics.topics, performance.now());
    showCluster(status);
    showTopics(topics, rates);
    showFault(undefined);
    return true;
  } catch (error) {
    showSilence();
    showFault(`No answer from this address (${String(error)}): trying again.`);
    return false;
  }
}

/** For as long as the page is there; not while nobody sees it. */
async function keepLooking(): Promise<never> {
  for (;;) {
    const began = performance.now();
    const answered = !document.hidden && (await look());
    const pauseMs = answered ? pausePerLook * (performance.now() - began) : everyMs;
    await new Promise((resolve) => {
      setTimeout(resolve, Math.min(Math.max(pauseMs, everyMs), mostMs));
    });
  }
}

function offerCopies(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
    button.addEventListener('click', () => {
      const text = byId(button.dataset['copy'] ?? '', HTMLPreElement).textContent;
      void copy(text).then((done) => {
        button.textContent = done ? 'Copied' : 'Select and copy by hand';
        setTimeout(() => (button.textContent = 'Copy'), 2_000);
      });
    });
  }
}

/** Browsers lend the clipboard to secure contexts only: localhost is one, another address by plain HTTP is not. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

byId('curl', HTMLPreElement).textContent = curlLines(location.origin);
byId('typescript', HTMLPreElement).textContent = typescriptLines(location.origin);
offerCopies();
offerTail();
void keepLooking();
