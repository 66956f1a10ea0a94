import { readFile } from 'node:fs/promises';
import { hostTable } from '#compile/security/table.ts';
import { exec } from './exec.ts';

interface Counter {
  readonly comment: string;
  readonly packets: number;
  readonly bytes: number;
}

interface ListedRule {
  readonly rule?: {
    readonly comment?: string;
    readonly expr?: readonly { readonly counter?: { readonly packets: number; readonly bytes: number } }[];
  };
}

/** How often the rules of a table were met, by default the machine's own, summed by comment; none when there is no table. */
export async function readCounters(
  signal: AbortSignal,
  table: string = hostTable,
): Promise<readonly Counter[]> {
  const argv = ['nft', '-j', 'list', 'table', 'inet', table];
  const { code, stdout } = await exec(argv, { signal, timeoutMs: 10_000 });
  return code === 0 ? countersOf(stdout) : [];
}

/** Reads what `nft -j list table` printed. */
export function countersOf(text: string): readonly Counter[] {
  const { nftables = [] } = JSON.parse(text) as { nftables?: readonly ListedRule[] };
  const found = new Map<string, Counter>();
  for (const { rule } of nftables) {
    const counter = rule?.expr?.find((part) => part.counter !== undefined)?.counter;
    if (rule?.comment === undefined || counter === undefined) continue;
    const { packets = 0, bytes = 0 } = found.get(rule.comment) ?? {};
    found.set(rule.comment, {
      comment: rule.comment,
      packets: packets + counter.packets,
      bytes: bytes + counter.bytes,
    });
  }
  return [...found.values()];
}

/**
 * Ports of tcp that something listens on, at any address or at one of `addresses`: on the machine itself, or in the
 * network that a process has.
 */
export async function readListening(
  addresses: readonly string[],
  pid: number | 'self' = 'self',
): Promise<readonly number[]> {
  const tables = await Promise.all(
    [`/proc/${pid}/net/tcp`, `/proc/${pid}/net/tcp6`].map((path) => readFile(path, 'utf8').catch(() => '')),
  );
  return listeningOf(tables.join('\n'), addresses);
}

const listens = '0A';

/** Reads the lines of `/proc/net/tcp` and `tcp6`. */
export function listeningOf(text: string, addresses: readonly string[]): readonly number[] {
  const here = new Set([...wildcards, ...addresses.map(hexOf)]);
  const ports = text.split('\n').flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    return state === listens && here.has(address) ? [Number.parseInt(port, 16)] : [];
  });
  return [...new Set(ports)].sort((a, b) => a - b);
}

const wildcards = ['0'.repeat(8), '0'.repeat(32)];

/** The kernel prints addresses as numbers in the order of this computer's bytes. */
const hexOf = (address: string): string =>
  address
    .split('.')
    .reverse()
    .map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'))
    .join('');
