import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import type { MeshPeer, MeshResource } from '#compile/manifest.ts';
import { keepaliveSeconds } from '#compile/mesh.ts';
import type { Fields, Observed } from '#converge/fields.ts';
import { showPeer, wantedOf } from '#converge/kinds.ts';
import { removeFile, writeAtomic } from './atomic.ts';
import { exec, run } from './exec.ts';
import type { Facility } from './facility.ts';
import { unitLog } from './systemctl.ts';
import { publicKeyIn, readWireguard, type WireguardPeer, type WireguardState } from './wireguard.ts';

/** Silence after which a peer that is reached elsewhere than it should be is looked for where it should be. */
const staleMs = 180_000;

interface Sight {
  readonly state: WireguardState;
  /** Public part of the key in the file. */
  readonly inFile: string | undefined;
  readonly fileMode: number;
}

/**
 * Interfaces of the mesh. Their units make them, with what they need; what changes while they run, by the manifest or by
 * somebody's hand, is set here without ending a connection.
 */
export function createMesh(): Facility<MeshResource> {
  let known: readonly MeshResource[] = [];
  return {
    async observe(resources) {
      known = resources;
      const seen = new Map<string, Observed>();
      for (const resource of resources) {
        const sight = await lookAt(resource).catch(untilInstalled);
        if (sight) seen.set(resource.id, { fields: fieldsOf(resource, sight) });
      }
      return seen;
    },
    async apply({ action, resource }) {
      if (action !== 'delete') await ensure(resource);
      const kept = known.filter(({ id }) => action !== 'delete' || id !== resource.id);
      await dropKeys(dirname(resource.keyFile), new Set(kept.map(({ keyFile }) => keyFile)));
      return undefined;
    },
  };
}

/** The package that has `wg` is one of those that are to come. */
function untilInstalled(cause: unknown): undefined {
  if (cause instanceof BallastError && cause.code === 'missing-tool') return undefined;
  throw cause;
}

async function lookAt({ interface: name, keyFile }: MeshResource): Promise<Sight | undefined> {
  const [state, inFile, file] = await Promise.all([
    readWireguard(name),
    publicKeyIn(keyFile),
    stat(keyFile).catch(() => undefined),
  ]);
  return state && { state, inFile, fileMode: (file?.mode ?? 0) & 0o777 };
}

function fieldsOf(resource: MeshResource, { state, inFile, fileMode }: Sight): Fields {
  const isOwn = inFile === (resource.publicKey ?? state.publicKey) && fileMode === 0o600;
  const troubles = showTroubles(peerTroubles(resource.peers, state.peers, Date.now()));
  return {
    ...{ runs: true, port: state.port, key: state.publicKey },
    keyFile: isOwn ? 'its own' : inFile === undefined ? 'missing' : 'changed',
    peers: troubles === '' ? (wantedOf(resource)['peers'] ?? '') : troubles,
  };
}

interface PeerTroubles {
  /** Missing, known by another network, or silent where they are looked for. */
  readonly wrong: readonly MeshPeer[];
  readonly strange: readonly WireguardPeer[];
}

export function peerTroubles(
  wanted: readonly MeshPeer[],
  found: readonly WireguardPeer[],
  now: number,
): PeerTroubles {
  const there = new Map(found.map((peer) => [peer.publicKey, peer]));
  const asked = new Set(wanted.map(({ publicKey }) => publicKey));
  return {
    wrong: wanted.filter((peer) => {
      const is = there.get(peer.publicKey);
      if (is === undefined || showPeer({ ...is, subnet: is.allowed }) !== showPeer(peer)) return true;
      return is.endpoint !== peer.endpoint && now - is.handshakeAt > staleMs;
    }),
    strange: found.filter(({ publicKey }) => !asked.has(publicKey)),
  };
}

const showTroubles = ({ wrong, strange }: PeerTroubles): string =>
  [
    ...(wrong.length > 0 ? [`without ${wrong.map(({ machine }) => machine).join(' ')}`] : []),
    ...(strange.length > 0 ? [`with ${strange.map(({ publicKey }) => publicKey).join(' ')}`] : []),
  ].join(', ');

async function ensure(resource: MeshResource): Promise<void> {
  const { interface: name, unit, port } = resource;
  const sight = (await lookAt(resource)) ?? (await startAnew(resource));
  if (sight === undefined) {
    throw new BallastError('command-failed', `${unit} runs, and there is no interface ${name}`, {
      log: await unitLog(unit).catch(() => []),
    });
  }
  const { wrong, strange } = peerTroubles(resource.peers, sight.state.peers, Date.now());
  const changes = [
    ...(sight.state.port === port ? [] : ['listen-port', String(port)]),
    ...(await keyChange(resource, sight)),
    ...strange.flatMap(({ publicKey }) => ['peer', publicKey, 'remove']),
    ...wrong.flatMap(({ publicKey, endpoint, subnet }) => [
      ...['peer', publicKey, 'endpoint', endpoint, 'allowed-ips', subnet],
      ...['persistent-keepalive', String(keepaliveSeconds)],
    ]),
  ];
  if (changes.length > 0) await run(['wg', 'set', name, ...changes]);
}

/** Its unit makes it. One that is on without it has to be told. */
async function startAnew(resource: MeshResource): Promise<Sight | undefined> {
  for (const verb of ['start', 'restart']) {
    await exec(['systemctl', verb, resource.unit], { timeoutMs: 60_000 });
    const sight = await lookAt(resource);
    if (sight !== undefined) return sight;
  }
  return undefined;
}

/**
 * The key that the others know counts, wherever it is found still. If it is lost the file's takes its place, and the
 * others are told of that.
 */
async function keyChange({ publicKey, keyFile }: MeshResource, sight: Sight): Promise<readonly string[]> {
  const { state, inFile, fileMode } = sight;
  const wanted = publicKey ?? state.publicKey;
  const isLost = state.publicKey !== wanted && inFile !== wanted;
  if (state.publicKey === wanted || (isLost && inFile === undefined)) {
    if (inFile !== state.publicKey || fileMode !== 0o600)
      await writeAtomic(keyFile, `${state.privateKey}\n`, { mode: 0o600, uid: 0, gid: 0 });
    return [];
  }
  return ['private-key', keyFile];
}

/** Keys that no interface has any more. */
async function dropKeys(folder: string, kept: ReadonlySet<string>): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const path of names.filter((name) => name.endsWith('.key')).map((name) => join(folder, name)))
    if (!kept.has(path)) await removeFile(path);
}
