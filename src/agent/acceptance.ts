import type { Manifest } from '#compile/manifest.ts';
import { checkManifest } from '#converge/check-manifest.ts';
import { isKnownKind } from '#converge/kinds.ts';
import type { ToAgent } from '#wire/agent-messages.ts';
import type { Given } from './memory.ts';

/** Why a manifest must not be taken over the one there is; undefined when it may. */
export function refusal(
  machine: string,
  known: Given | undefined,
  { epoch, manifest }: Extract<ToAgent, { kind: 'manifest' }>,
): string | undefined {
  if (!isManifest(manifest) || !Number.isInteger(epoch)) return 'it has not the shape of a manifest';
  if (manifest.machine !== machine) return `it is for ${manifest.machine}, and this is ${machine}`;
  if (known !== undefined && epoch < known.epoch) return `epoch ${epoch} is over: ${known.epoch} is known`;
  if (known !== undefined && manifest.generation < known.manifest.generation) {
    return `generation ${manifest.generation} is older than ${known.manifest.generation}, which is held`;
  }
  const strange = manifest.resources.find(({ kind }) => !isKnownKind(kind));
  if (strange !== undefined) return `this agent is too old to know what a ${strange.kind} is`;
  const checked = checkManifest(manifest);
  return checked.ok ? undefined : checked.problems.map(({ what }) => what).join('; ');
}

function isManifest(value: unknown): value is Manifest {
  const manifest = value as Partial<Manifest> | null;
  return (
    typeof manifest === 'object' &&
    manifest !== null &&
    Number.isInteger(manifest.generation) &&
    Array.isArray(manifest.resources) &&
    manifest.resources.every(
      (resource) =>
        typeof resource?.id === 'string' &&
        typeof resource.kind === 'string' &&
        Array.isArray(resource.after),
    )
  );
}
