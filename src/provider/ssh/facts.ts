import { quoteAll } from './quote.ts';

/** What a machine says of itself. */
export interface SshFacts {
  readonly uid: number;
  /** Whether root is had without a password. */
  readonly sudo: boolean;
  readonly os: { readonly id: string; readonly version: string; readonly name: string };
  readonly arch: string;
  readonly kernel: string;
  readonly systemd: number | null;
  readonly cgroup: 1 | 2;
  /** Installed version, null when absent. */
  readonly podman: string | null;
  readonly nft: boolean;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskFreeBytes: number;
  /** Its clock, in ms since the epoch. */
  readonly nowMs: number;
  /** TCP ports on which something listens for the outside. */
  readonly ports: readonly number[];
  readonly missingPackages: readonly string[];
  /** The agent that is there, if any: whose it is and what executable it is. */
  readonly agent: { readonly machine: string; readonly server: string } | null;
}

/** A script that prints the facts as `key value` lines. Needs no root and changes nothing. */
export const factsScript = (packages: readonly string[]): string => `
say() { printf '%s %s\\n' "$1" "$2"; }
say uid "$(id -u)"
if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then say sudo yes; else say sudo no; fi
( . /etc/os-release; say os.id "$ID"; say os.version "$VERSION_ID"; say os.name "$PRETTY_NAME" ) 2>/dev/null
say arch "$(uname -m)"
say kernel "$(uname -r)"
[ -d /run/systemd/system ] && say systemd "$(systemctl --version | head -n 1 | tr -dc '0-9 ' | awk '{print $1}')"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then say cgroup 2; else say cgroup 1; fi
PATH=$PATH:/usr/sbin:/sbin
command -v podman >/dev/null && say podman "$(podman --version 2>/dev/null | awk '{print $3}')"
command -v nft >/dev/null && say nft yes
say cpus "$(nproc)"
say memory.kib "$(awk '/^MemTotal:/ {print $2}' /proc/meminfo)"
dir=/var/lib/containers; [ -d $dir ] || dir=/var/lib
say disk.kib "$(df -Pk $dir | awk 'NR == 2 {print $4}')"
say now.ms "$(date +%s%3N)"
awk '$4 == "0A" && $2 !~ /^(0100007F|00000000000000000000000001000000|.*00007F):/ {split($2, a, ":"); print "port", a[2]}' \\
  /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u
for package in ${quoteAll(packages)}; do
  case $(dpkg-query -W -f='\${db:Status-Status}' "$package" 2>/dev/null) in
    installed) ;;
    *) say lacks "$package" ;;
  esac
done
root=; [ "$(id -u)" = 0 ] || root='sudo -n'
config=$($root cat /etc/ballast/agent.json 2>/dev/null | tr -d '\\n') && [ -n "$config" ] && say agent "$config"
[ -e /etc/ballast/size.json ] && say size "$(tr -d '\\n' </etc/ballast/size.json)"
exit 0
`;

/** The facts in a script's output. What it could not tell is read as absent. */
export function parseFacts(output: string): SshFacts {
  const values = new Map<string, string[]>();
  for (const line of output.split('\n')) {
    const space = line.indexOf(' ');
    if (space <= 0) continue;
    const key = line.slice(0, space);
    values.set(key, [...(values.get(key) ?? []), line.slice(space + 1)]);
  }
  const text = (key: string): string => values.get(key)?.[0] ?? '';
  const size = parseJson(text('size'));
  const agent = parseJson(text('agent'));
  return {
    uid: Number(text('uid') || -1),
    sudo: text('sudo') === 'yes',
    os: { id: text('os.id'), version: text('os.version'), name: text('os.name') || 'an unknown system' },
    arch: text('arch'),
    kernel: text('kernel'),
    systemd: text('systemd') === '' ? null : Number(text('systemd')),
    cgroup: text('cgroup') === '2' ? 2 : 1,
    podman: text('podman') || null,
    nft: text('nft') === 'yes',
    cpus: Number(size['cpus'] ?? text('cpus')),
    memoryBytes: Number(size['memoryBytes'] ?? Number(text('memory.kib')) * 1024),
    diskFreeBytes: Number(text('disk.kib')) * 1024,
    nowMs: Number(text('now.ms')),
    ports: [...new Set((values.get('port') ?? []).map((hex) => Number.parseInt(hex, 16)))].sort(
      (a, b) => a - b,
    ),
    missingPackages: values.get('lacks') ?? [],
    agent:
      text('agent') === ''
        ? null
        : { machine: String(agent['machine'] ?? ''), server: String(agent['server'] ?? '') },
  };
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  } catch {
    return {};
  }
}
