import { setTimeout as sleep } from 'node:timers/promises';
import { same } from '#base/json.ts';
import type { Manifest, MeshResource } from '#compile/manifest.ts';
import { exec } from '#host/exec.ts';
import { hasWireguard, readWireguard, type WireguardState } from '#host/wireguard.ts';
import type { MeshFacts, MeshPeerFacts } from '#plan/mesh.ts';
import { log } from './log.ts';

export interface MeshWatchOptions {
  readonly signal: AbortSignal;
  /** The mesh is otherwise than before, and nobody here did it. */
  readonly onDirty: () => void;
  /** What there is to say of it is new. */
  readonly onChange: () => void;
}

/** Looks at the machine's end of the mesh, of which nobody tells when it changes. */
export interface MeshWatch {
  readonly follow: (manifest: Manifest) => void;
  readonly facts: () => { readonly mesh?: MeshFacts };
}

const everyMs = 1_000;
/** While something is awaited, but not for longer than this. */
const soonMs = 150;
const awaitedMs = 30_000;
const pingEveryMs = 20_000;
const pingsMax = 8;

export function watchMesh({ signal, onDirty, onChange }: MeshWatchOptions): MeshWatch {
  let resources: readonly MeshResource[] = [];
  let wireguard: MeshFacts['wireguard'] | undefined;
  let states: ReadonlyMap<number, WireguardState | undefined> = new Map();
  let roundTrips: ReadonlyMap<string, number> = new Map();
  let looking = false;
  let followedAt = 0;

  async function look(): Promise<void> {
    if (looking || signal.aborted) return;
    looking = true;
    try {
      if (wireguard === undefined) await probe();
      const before = states;
      states = new Map(
        await Promise.all(
          resources.map(
            async (one) => [one.round, await readWireguard(one.interface).catch(() => undefined)] as const,
          ),
        ),
      );
      if (!same(shapesOf(before), shapesOf(states))) onDirty();
      if (!same(tellsOf(before), tellsOf(states))) onChange();
    } catch (cause) {
      log.again('mesh', `the mesh could not be looked at: ${String(cause)}`);
    } finally {
      looking = false;
    }
  }

  async function probe(): Promise<void> {
    const found = await hasWireguard();
    if (found === undefined) return;
    wireguard = found ? 'kernel' : 'user';
    onChange();
  }

  async function pingAll(): Promise<void> {
    const peers = new Map(
      resources.flatMap((one) => one.peers.map(({ machine, gateway }) => [machine, gateway])),
    );
    const left = [...peers];
    const found = new Map<string, number>();
    const worker = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const ms = await ping(next[1], signal);
        if (ms !== undefined) found.set(next[0], ms);
      }
    };
    await Promise.all(Array.from({ length: pingsMax }, worker));
    roundTrips = found;
  }

  /** Keys that are about to be made, and machines that are about to meet. */
  function awaits(): boolean {
    if (Date.now() - followedAt > awaitedMs) return false;
    return resources.some(({ round, peers }) => {
      const state = states.get(round);
      return (
        state === undefined ||
        state.peers.some(({ handshakeAt }) => handshakeAt === 0) ||
        peers.length > state.peers.length
      );
    });
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      if (resources.length > 0 || wireguard === undefined) await look();
      await sleep(awaits() ? soonMs : everyMs, undefined, { signal }).catch(() => {});
    }
  }

  const pings = setInterval(() => void pingAll().catch(() => {}), pingEveryMs);
  signal.addEventListener('abort', () => clearInterval(pings));
  void run();

  return {
    follow(manifest) {
      resources = manifest.resources.filter((one): one is MeshResource => one.kind === 'mesh');
      followedAt = Date.now();
      void look();
    },
    facts() {
      if (wireguard === undefined) return {};
      const keys = [...states].flatMap(([round, state]) => (state ? [[String(round), state.publicKey]] : []));
      return { mesh: { wireguard, keys: Object.fromEntries(keys), peers: resources.flatMap(peersOf) } };
    },
  };

  function peersOf({ round, peers }: MeshResource): readonly MeshPeerFacts[] {
    const there = new Map(states.get(round)?.peers.map((peer) => [peer.publicKey, peer]));
    return peers.map(({ machine, publicKey }) => {
      const handshakeAt = there.get(publicKey)?.handshakeAt ?? 0;
      const ms = roundTrips.get(machine);
      return { machine, round, handshakeAt, ...(ms === undefined ? {} : { roundTripMs: ms }) };
    });
  }
}

/** What is to be as the manifest says. */
const shapesOf = (states: ReadonlyMap<number, WireguardState | undefined>) =>
  [...states].map(([round, state]) => [
    round,
    state?.publicKey ?? '',
    state?.port ?? 0,
    (state?.peers ?? []).map(({ publicKey, allowed }) => `${publicKey} ${allowed}`).sort(),
  ]);

/** What others wait for. */
const tellsOf = (states: ReadonlyMap<number, WireguardState | undefined>) =>
  [...states].map(([round, state]) => [
    round,
    state?.publicKey ?? '',
    (state?.peers ?? []).filter(({ handshakeAt }) => handshakeAt > 0).map(({ publicKey }) => publicKey),
  ]);

async function ping(address: string, signal: AbortSignal): Promise<number | undefined> {
  const argv = ['ping', '-n', '-q', '-c', '1', '-W', '2', address];
  const { stdout } = await exec(argv, { signal, timeoutMs: 5_000 }).catch(() => ({ stdout: '' }));
  const ms = /= [\d.]+\/([\d.]+)\//.exec(stdout)?.[1];
  return ms === undefined ? undefined : Number(ms);
}
