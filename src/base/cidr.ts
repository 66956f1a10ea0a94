/** An IPv4 network. `base` is its first address as an unsigned 32-bit number. */
export interface Cidr {
  readonly base: number;
  /** Length of the prefix, 0 to 32. */
  readonly bits: number;
  /** How many addresses it holds. */
  readonly size: number;
}

/** `10.91.2.3` as an unsigned 32-bit number; undefined when the text is no IPv4 address. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** The dotted form of an address. */
export const showAddress = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');

/** `10.91.0.0/16`; undefined when it is no network, or when bits are set below the prefix (`10.91.0.1/16`). */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const base = match?.[1] === undefined ? undefined : parseAddress(match[1]);
  const bits = Number(match?.[2]);
  if (base === undefined || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  return base % size === 0 ? { base, bits, size } : undefined;
}

/** The network that an interface with the address `10.91.1.1/24` is in. */
export function subnetOf(address: string): Cidr | undefined {
  const [host = '', prefix = ''] = address.split('/');
  const number = parseAddress(host);
  const bits = Number(prefix);
  if (number === undefined || prefix === '' || !(bits >= 0 && bits <= 32)) return undefined;
  const size = 2 ** (32 - bits);
  return { base: number - (number % size), bits, size };
}

export const showCidr = (cidr: Cidr): string => `${showAddress(cidr.base)}/${cidr.bits}`;

/** Whether `inner`, an address (as text or number) or a network, lies wholly in `outer`. */
export function contains(outer: Cidr, inner: Cidr | string | number): boolean {
  const range = typeof inner === 'object' ? inner : single(inner);
  if (range === undefined) return false;
  return range.base >= outer.base && range.base + range.size <= outer.base + outer.size;
}

export const overlaps = (a: Cidr, b: Cidr): boolean => a.base < b.base + b.size && b.base < a.base + a.size;

/** Address number `n` of the network in dotted form; 0 is its first, -1 its last. Undefined when out of range. */
export function nthAddress(cidr: Cidr, n: number): string | undefined {
  const offset = n < 0 ? cidr.size + n : n;
  if (!Number.isInteger(n) || offset < 0 || offset >= cidr.size) return undefined;
  return showAddress(cidr.base + offset);
}

/** Subnet number `n` of length `bits` inside the network; undefined when there are not so many. */
export function nthSubnet(cidr: Cidr, bits: number, n: number): Cidr | undefined {
  const size = 2 ** (32 - bits);
  if (bits < cidr.bits || bits > 32 || n < 0 || (n + 1) * size > cidr.size) return undefined;
  return { base: cidr.base + n * size, bits, size };
}

function single(address: string | number): Cidr | undefined {
  const base = typeof address === 'number' ? address : parseAddress(address);
  return base === undefined ? undefined : { base, bits: 32, size: 1 };
}
