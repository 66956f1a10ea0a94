import { distance } from 'fastest-levenshtein';

/** The known word a mistyped one most likely meant, or undefined when none is near enough. */
export function suggest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const d = isSwap(word.toLowerCase(), candidate.toLowerCase())
      ? 1
      : distance(word.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance && d < word.length) [best, bestDistance] = [candidate, d];
  }
  return best ?? continued(word.toLowerCase(), known);
}

/** Whether two neighbouring letters are all that differs: the commonest slip of fingers. */
function isSwap(a: string, b: string): boolean {
  const at = [...a].findIndex((letter, index) => letter !== b[index]);
  return at >= 0 && a.slice(0, at) + a.charAt(at + 1) + a.charAt(at) + a.slice(at + 2) === b;
}

/** The one known word that begins as the word does: people leave ends away. */
function continued(word: string, known: Iterable<string>): string | undefined {
  if (word.length < 3) return undefined;
  const found = [...known].filter((candidate) => candidate.toLowerCase().startsWith(word));
  return found.length === 1 ? found[0] : undefined;
}
