import type { MeshPeerFacts } from '#plan/mesh.ts';
import type { MachineView } from '#wire/views.ts';
import { showAge } from './render/age.ts';

/** Keys are renewed every two minutes while machines talk: a meeting that is older has not been followed by one. */
const freshMs = 180_000;

/** A machine's part in the mesh: whom it reaches, how far the farthest is, and when it last met the one it met first. */
export function meshWord({ facts, status }: MachineView, now: number): string {
  const mesh = facts?.mesh;
  if (mesh === undefined || status !== 'online') return '';
  if (Object.keys(mesh.keys).length === 0) return 'no key yet';
  const peers = newest(mesh.peers);
  const met = peers.filter(({ handshakeAt }) => now - handshakeAt <= freshMs);
  const farthest = Math.max(0, ...met.flatMap(({ roundTripMs }) => roundTripMs ?? []));
  const oldest = Math.min(now, ...met.map(({ handshakeAt }) => handshakeAt));
  return [
    `${met.length}/${peers.length}`,
    ...(farthest > 0 ? [`${farthest < 10 ? farthest.toFixed(1) : Math.round(farthest)} ms`] : []),
    ...(met.length > 0 ? [`${showAge(Math.max(0, now - oldest))} ago`] : []),
  ].join(', ');
}

/** While keys change a machine is known twice: the meeting that was last counts. */
function newest(peers: readonly MeshPeerFacts[]): readonly MeshPeerFacts[] {
  const found = new Map<string, MeshPeerFacts>();
  for (const peer of peers) {
    const there = found.get(peer.machine);
    if (there === undefined || there.handshakeAt < peer.handshakeAt) found.set(peer.machine, peer);
  }
  return [...found.values()];
}

/** Whether there is anything to say of a mesh. */
export const hasMesh = (machines: readonly MachineView[]): boolean =>
  machines.some(({ facts }) => Object.keys(facts?.mesh?.keys ?? {}).length > 0);
