/** Histories for checkers: what must pass, and what must be found. A checker that cries wolf is as useless as a blind one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';

export type History<C> = (checker: C) => void;

export interface Histories<C> {
  /** A fresh checker that reports here. */
  readonly make: (report: (text: string) => void) => C;
  readonly good: Readonly<Record<string, History<C>>>;
  /** With a part of the report that must come. */
  readonly bad: Readonly<Record<string, readonly [expected: RegExp, history: History<C>]>>;
}

/** Registers one test per history. */
export function judge<C>(checker: string, histories: Histories<C>): void {
  const { make, good, bad } = histories;
  test(`the ${checker} checker has three histories of each kind`, () => {
    assert.ok(Object.keys(good).length >= 3);
    assert.ok(Object.keys(bad).length >= 3);
  });
  for (const [name, history] of Object.entries(good)) {
    test(`${checker}: accepts ${name}`, () => {
      const reports: string[] = [];
      history(make((text) => void reports.push(text)));
      assert.equal(reports, []);
    });
  }
  for (const [name, [expected, history]] of Object.entries(bad)) {
    test(`${checker}: rejects ${name}`, () => {
      const reports: string[] = [];
      history(make((text) => void reports.push(text)));
      assert.ok(
        reports.some((text) => expected.test(text)),
        `expected ${String(expected)}, reported: ${reports.join('; ') || 'nothing'}`,
      );
    });
  }
}
