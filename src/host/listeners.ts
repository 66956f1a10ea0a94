import { readdir, readFile, readlink } from 'node:fs/promises';
import type { Listener, PortName } from '#plan/listeners.ts';

type Protocol = PortName['protocol'];

/** A socket that waits for others, as the kernel tells it. */
interface Socket extends PortName {
  readonly address: string;
  readonly inode: string;
}

const sources: readonly (readonly [protocol: Protocol, path: string])[] = [
  ['tcp', '/proc/net/tcp'],
  ['tcp', '/proc/net/tcp6'],
  ['udp', '/proc/net/udp'],
  ['udp', '/proc/net/udp6'],
];

/** Who listens on these ports for other computers, by which process. */
export async function readListeners(ports: readonly PortName[]): Promise<readonly Listener[]> {
  const tables = await Promise.all(
    sources.map(async ([protocol, path]) => {
      const text = await readFile(path, 'utf8').catch(() => '');
      return socketsIn(text, protocol);
    }),
  );
  const wanted = new Set(ports.map(nameOf));
  const found = tables.flat().filter((socket) => wanted.has(nameOf(socket)));
  if (found.length === 0) return [];
  const owners = await ownersOf(new Set(found.map(({ inode }) => inode)));
  return found.map(({ inode, ...rest }) => ({ ...rest, ...owners.get(inode) }));
}

const nameOf = ({ protocol, port }: PortName): string => `${port}/${protocol}`;

/** TCP: listening. UDP: bound, and connected to nobody. */
const waiting: Readonly<Record<Protocol, string>> = { tcp: '0A', udp: '07' };

/** Reads the lines of a table below `/proc/net`. What only this computer itself can reach is left out. */
export function socketsIn(text: string, protocol: Protocol): readonly Socket[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', remote = '', state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [hex = '', port = ''] = local.split(':');
    if (state !== waiting[protocol] || !/:0000$/.test(remote)) return [];
    const address = addressOf(hex);
    if (address === undefined || address.startsWith('127.') || address === '::1') return [];
    return [{ protocol, port: Number.parseInt(port, 16), address, inode }];
  });
}

/** The kernel prints addresses as numbers in the order of this computer's bytes, 32 bits at a time. */
function addressOf(hex: string): string | undefined {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)),
  );
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255) return bytes.slice(12).join('.');
  if (bytes.every((byte) => byte === 0)) return '::';
  if (bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1) return '::1';
  return Array.from({ length: 8 }, (_, n) =>
    ((bytes[2 * n] ?? 0) * 256 + (bytes[2 * n + 1] ?? 0)).toString(16),
  ).join(':');
}

type Owner = Pick<Listener, 'process' | 'pid' | 'unit'>;

/** Processes that hold these sockets. The kernel does not tell: every process has to be looked at. */
async function ownersOf(inodes: ReadonlySet<string>): Promise<ReadonlyMap<string, Owner>> {
  const owners = new Map<string, Owner>();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    if (owners.size === inodes.size) break;
    for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode === undefined || !inodes.has(inode) || owners.has(inode)) continue;
      owners.set(inode, await ownerOf(pid));
    }
  }
  return owners;
}

async function ownerOf(pid: string): Promise<Owner> {
  const read = async (name: string) => await readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const [process, cgroup] = [(await read('comm')).trim(), await read('cgroup')];
  const unit = /\/([^/\n]+\.(?:service|socket|scope))(?:\/|$)/m.exec(cgroup)?.[1];
  return { process, pid: Number(pid), ...(unit === undefined ? {} : { unit }) };
}
