/** `[SOURCE:]TARGET[:MODE]` of `volumes:` taken apart. */
export interface MountSyntax {
  readonly source?: string;
  readonly target: string;
  readonly modes: readonly string[];
}

/** Undefined when it is not of this form. A Windows path keeps its drive letter. */
export function parseMount(text: string): MountSyntax | undefined {
  const parts = text
    .trim()
    .replace(/^([A-Za-z]):([\\/])/, '$1\0$2')
    .split(':')
    .map((part) => part.replace('\0', ':'));
  const [first, second, third] = parts;
  if (first === undefined || first === '' || parts.length > 3 || parts.includes('')) return undefined;
  if (second === undefined) return { target: first, modes: [] };
  if (third !== undefined) return { source: first, target: second, modes: third.split(',') };
  return second.startsWith('/') || !first.startsWith('/')
    ? { source: first, target: second, modes: [] }
    : { target: first, modes: second.split(',') };
}
