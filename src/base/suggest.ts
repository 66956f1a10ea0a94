import { distance } from 'fastest-levenshtein';

/** The known word a mistyped one most likely meant, or undefined when none is near enough. */
export function suggest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const d = distance(word.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance && d < word.length) [best, bestDistance] = [candidate, d];
  }
  return best ?? continued(word.toLowerCase(), known);
}

/** The one known word that begins as the word does: people leave ends away. */
function continued(word: string, known: Iterable<string>): string | undefined {
  if (word.length < 3) return undefined;
  const found = [...known].filter((candidate) => candidate.toLowerCase().startsWith(word));
  return found.length === 1 ? found[0] : undefined;
}
