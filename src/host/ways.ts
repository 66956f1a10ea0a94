import { exec } from './exec.ts';

const limits = { timeoutMs: 10_000 };

interface Route {
  readonly dst?: string;
  readonly dev?: string;
}

/** The link by which an address inside the fleet is reached; null when only the way to the world would be taken. */
export async function linkTowards(address: string): Promise<string | null> {
  const { code, stdout } = await exec(['ip', '-j', '-4', 'route', 'show', 'match', address], limits);
  if (code !== 0 || stdout.trim() === '') return null;
  const routes = JSON.parse(stdout) as readonly Route[];
  const bits = ({ dst = '' }: Route): number => (dst.includes('/') ? Number(dst.split('/')[1]) : 32);
  const [best] = routes.filter(({ dst }) => dst !== 'default').toSorted((a, b) => bits(b) - bits(a));
  return best?.dev ?? null;
}

interface Listed {
  readonly nftables?: readonly {
    readonly map?: { readonly elem?: readonly (readonly [unknown, Verdict])[] };
  }[];
}

interface Verdict {
  readonly goto?: { readonly target: string };
  readonly jump?: { readonly target: string };
}

/** The chain that a map of verdicts leads an address to, and the rules that stand in it. */
export async function lookUp(
  table: string,
  { map, address }: { readonly map: string; readonly address: string },
): Promise<{ readonly chain: string | null; readonly rules: readonly string[] }> {
  const get = ['nft', '-j', 'get', 'element', 'inet', table, map, `{ ${address} }`];
  const { code, stdout } = await exec(get, limits);
  if (code !== 0) return { chain: null, rules: [] };
  const chain = chainIn(stdout);
  if (chain === null) return { chain, rules: [] };
  const listed = await exec(['nft', 'list', 'chain', 'inet', table, chain], limits);
  if (listed.code !== 0) return { chain: null, rules: [] };
  return { chain, rules: rulesIn(listed.stdout) };
}

/** Reads what `nft -j get element` printed. */
export function chainIn(text: string): string | null {
  const { nftables = [] } = JSON.parse(text) as Listed;
  const verdicts = nftables.flatMap(({ map }) => (map?.elem ?? []).map(([, verdict]) => verdict));
  return verdicts[0]?.goto?.target ?? verdicts[0]?.jump?.target ?? null;
}

/** The lines between the braces of what `nft list chain` printed. */
export const rulesIn = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(table|chain) .*\{$|^\}$/.test(line));

const secondMs = 1_000;

/** What `wg show LINK dump` says of neighbours; none when there is no such link. */
export async function meshNeighbours(
  link: string,
  now: number,
): Promise<readonly { readonly networks: readonly string[]; readonly handshakeMs: number | null }[]> {
  const { code, stdout } = await exec(['wg', 'show', link, 'dump'], limits);
  return code === 0 ? neighboursIn(stdout, now) : [];
}

export function neighboursIn(text: string, now: number) {
  // The first line is the link itself: its private key stays out of everything that is said.
  const [, ...lines] = text.trimEnd().split('\n');
  return lines.flatMap((line) => {
    const [, , , allowed = '', handshake = '0'] = line.split('\t');
    const at = Number(handshake) * secondMs;
    const networks = allowed === '(none)' ? [] : allowed.split(',');
    return [{ networks, handshakeMs: at === 0 ? null : Math.max(0, now - at) }];
  });
}
