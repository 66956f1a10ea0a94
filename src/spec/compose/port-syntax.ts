/** One entry of `ports:` taken apart, ranges not yet spread out. */
export interface PortSyntax {
  readonly hostIp?: string;
  readonly published?: Range;
  readonly target: Range;
  readonly protocol: string;
}

export interface Range {
  readonly first: number;
  readonly last: number;
}

/** `[[IP:]PUBLISHED:]TARGET[/PROTOCOL]`, ports alone or as ranges. Undefined when it is not of this form. */
export function parsePort(text: string): PortSyntax | undefined {
  const match = /^(?:(?:(\[[\da-fA-F:.]+\]|\d+\.\d+\.\d+\.\d+):)?([\d-]*):)?([\d-]+)(?:\/(\w+))?$/.exec(
    text.trim(),
  );
  const target = match?.[3] === undefined ? undefined : parseRange(match[3]);
  if (!match || target === undefined) return undefined;
  const published = match[2] === undefined || match[2] === '' ? undefined : parseRange(match[2]);
  if (match[2] !== undefined && match[2] !== '' && published === undefined) return undefined;
  return {
    target,
    protocol: (match[4] ?? 'tcp').toLowerCase(),
    ...(published === undefined ? {} : { published }),
    ...(match[1] === undefined ? {} : { hostIp: match[1].replace(/^\[|\]$/g, '') }),
  };
}

/** `80` or `8000-8010`; undefined when it is neither or no port number. */
export function parseRange(text: string): Range | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text.trim());
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  return first < 1 || last > 65_535 || last < first ? undefined : { first, last };
}

export const sizeOf = ({ first, last }: Range): number => last - first + 1;
