/**
 * The agent's own log: lines on standard output, which the journal keeps. The `<n>` in front is how the journal
 * learns how grave a line is.
 */
const write = (priority: number, text: string): void => {
  process.stdout.write(`<${priority}>${text.replaceAll('\n', ' ')}\n`);
};

const said = new Map<string, { readonly text: string; readonly at: number }>();
const againMs = 600_000;

/** A warning that may come again and again: said when it changes, and now and then. */
function again(about: string, text: string): void {
  const known = said.get(about);
  if (known?.text === text && Date.now() - known.at < againMs) return;
  said.set(about, { text, at: Date.now() });
  write(4, text);
}

export const log = {
  error: (text: string): void => write(3, text),
  warn: (text: string): void => write(4, text),
  info: (text: string): void => write(6, text),
  again,
} as const;

/** An error with the errors behind it, in one line. */
export function explain(cause: unknown): string {
  const parts: string[] = [];
  for (
    let at = cause;
    at !== undefined && parts.length < 5;
    at = at instanceof Error ? at.cause : undefined
  ) {
    parts.push(at instanceof Error ? at.message : String(at));
  }
  return parts.join(': ');
}
