/** Characters of a field that a preview shows. */
const shownMax = 1_000;
/** Lines of a text that a preview shows. */
const linesMax = 500;

/** Both sides of a field as a preview shows them; of long texts only the lines that differ. */
export function shown(
  before: string | null,
  after: string | null,
): { before: string | null; after: string | null } {
  if (before === null || after === null || !`${before}${after}`.includes('\n')) {
    return { before: shorten(before), after: shorten(after) };
  }
  return { before: linesOnlyIn(before, after), after: linesOnlyIn(after, before) };
}

function linesOnlyIn(text: string, other: string): string {
  const there = new Set(other.split('\n'));
  const lines = text.split('\n').filter((line) => !there.has(line));
  const rest = lines.length - linesMax;
  return [
    ...lines.slice(0, linesMax).map((line) => shorten(line)),
    ...(rest > 0 ? [`… ${rest} lines more`] : []),
  ].join('\n');
}

function shorten(text: string | null): string | null {
  return text === null || text.length <= shownMax ? text : `${text.slice(0, shownMax - 1)}…`;
}
