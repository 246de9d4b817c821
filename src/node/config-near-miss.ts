/** Finds what somebody probably meant to write. */

/** Edits that turn one text into the other: insert, delete, replace, or swap two neighbours. */
export function editDistance(from: string, to: string): number {
  const width = to.length + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: width }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column < width; column += 1) {
      const same = from[row - 1] === to[column - 1];
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}

/** Case and separators are what people mix up most, and say nothing about what they meant. */
function plain(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** The known word nearest to this one, if it is near enough for a typing error. */
export function nearMiss(word: string, known: readonly string[]): string | undefined {
  const wanted = plain(word);
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(wanted, plain(candidate));
    const allowed = Math.max(1, Math.floor(Math.min(wanted.length, candidate.length) / 3));
    if (distance <= allowed && distance < (best?.distance ?? Infinity)) best = { word: candidate, distance };
  }
  return best?.word;
}

/** `Did you mean 'x'?`, or else all that there is. */
export function suggest(word: string, known: readonly string[]): string {
  const near = nearMiss(word, known);
  return near === undefined ? `Known are: ${known.join(', ')}.` : `Did you mean '${near}'?`;
}
