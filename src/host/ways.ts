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

/** The chain that a map of verdicts leads an address to, and the rules that stand in it. */
export async function lookUp(
  table: string,
  { map, address }: { readonly map: string; readonly address: string },
): Promise<{ readonly chain: string | null; readonly rules: readonly string[] }> {
  const get = ['nft', 'get', 'element', 'inet', table, map, `{ ${address} }`];
  const { code, stdout } = await exec(get, limits);
  if (code !== 0) return { chain: null, rules: [] };
  const chain = chainIn(stdout);
  if (chain === null) return { chain, rules: [] };
  const listed = await exec(['nft', 'list', 'chain', 'inet', table, chain], limits);
  if (listed.code !== 0) return { chain: null, rules: [] };
  return { chain, rules: rulesIn(listed.stdout) };
}

/** Reads what `nft get element` printed: it is text even where JSON was asked for. */
export const chainIn = (text: string): string | null => /: (?:goto|jump) (\S+)/.exec(text)?.[1] ?? null;

/** The lines between the braces of what `nft list chain` printed. */
export const rulesIn = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(table|chain) .*\{$|^\}$/.test(line));

const secondMs = 1_000;

interface Neighbour {
  readonly networks: readonly string[];
  readonly handshakeMs: number | null;
}

/** What WireGuard says of neighbours behind links of a name; none when there is no such link. */
export async function meshNeighbours(link: RegExp, now: number): Promise<readonly Neighbour[]> {
  const { code, stdout } = await exec(['wg', 'show', 'all', 'dump'], limits);
  return code === 0 ? neighboursIn(stdout, link, now) : [];
}

/** Reads what `wg show all dump` printed. A line of a link itself, which has its key, is a shorter one. */
export function neighboursIn(text: string, link: RegExp, now: number): readonly Neighbour[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , , , allowed, handshake, ...rest] = line.split('\t');
    if (allowed === undefined || handshake === undefined || rest.length === 0 || !link.test(name)) return [];
    const at = Number(handshake) * secondMs;
    const networks = allowed === '(none)' ? [] : allowed.split(',');
    return [{ networks, handshakeMs: at === 0 ? null : Math.max(0, now - at) }];
  });
}
