/** What an nftables table is made of. Each can be changed without touching the others. */
export type NftObject = NftSet | NftMap | NftChain;

export interface NftSet {
  readonly kind: 'set';
  readonly name: string;
  /** `ipv4_addr`, or several joined by ` . `. */
  readonly type: string;
  readonly elements: readonly string[];
}

/** A map to verdicts: one look-up, however many elements there are. */
export interface NftMap {
  readonly kind: 'map';
  readonly name: string;
  readonly type: string;
  /** `10.92.0.7 : goto vip-shop/web`. */
  readonly elements: readonly string[];
}

export interface NftChain {
  readonly kind: 'chain';
  readonly name: string;
  /** `type filter hook forward priority filter - 5; policy accept;`. Absent: others lead to it. */
  readonly hook?: string;
  readonly rules: readonly NftRule[];
}

/** A rule as nft takes it, or one that spreads new connections evenly over addresses. */
export type NftRule = string | NftSpread;

export interface NftSpread {
  readonly kind: 'spread';
  /** IPv4 addresses. None: the rule is left out, and what follows it decides. */
  readonly to: readonly string[];
  /** Absent: the port stays as it is. */
  readonly port?: { readonly protocol: 'tcp' | 'udp'; readonly number: number };
}

export const set = (name: string, elements: readonly string[], type = 'ipv4_addr'): NftSet => ({
  kind: 'set',
  name,
  type,
  elements: [...new Set(elements)].sort(),
});

export const map = (name: string, type: string, elements: readonly string[]): NftMap => ({
  kind: 'map',
  name,
  type,
  elements: [...elements].sort(),
});

export const chain = (name: string, rules: readonly NftRule[], hook?: string): NftChain => ({
  kind: 'chain',
  name,
  ...(hook === undefined ? {} : { hook }),
  rules,
});
