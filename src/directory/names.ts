/** What may be called what. */
import { utf8Length } from '@callboard/client/protocol';

const topicName = /^[A-Za-z0-9._:-]+$/;
const onlyDots = /^\.+$/;
const id = /^[0-9a-f]{32}$/;

/** Letters, digits, dot, underscore, hyphen and colon: names that survive as file names, URLs and metric labels. */
export function isTopicName(name: string, maxBytes: number): boolean {
  // The alphabet is ASCII, so once it holds, characters are bytes.
  return name.length <= maxBytes && topicName.test(name) && !onlyDots.test(name);
}

/** Ids of producers, consumers and journals, and tags (S22). */
export function isId(text: string): boolean {
  return id.test(text);
}

/** What a user may call a consumer: printable and short. Drawn ids are such names too. */
export function isConsumerName(name: string, maxBytes: number): boolean {
  return isBrokerName(name, maxBytes);
}

/** Admin names are not addresses, only names; they must be printable and short. */
export function isBrokerName(name: string, maxBytes: number): boolean {
  const bytes = utf8Length(name);
  if (bytes <= 0 || bytes > maxBytes) return false;
  for (let i = 0; i < name.length; i += 1) {
    const unit = name.charCodeAt(i);
    if (unit < 0x20 || unit === 0x7f) return false;
  }
  return true;
}
