import { randomBytes } from 'node:crypto';
import type { Fixtures } from '#compile/fixtures.ts';
import type { Secrets } from './secrets.ts';
import type { FleetState } from './state.ts';

const name = 'ballast.neighbours';

/** What every machine is told, with the key by which machines know each other: made once for the fleet's life. */
export function withNeighboursKey(
  fixtures: () => Promise<Fixtures>,
  state: FleetState,
  secrets: Secrets,
): () => Promise<Fixtures> {
  let key: string | undefined;
  let known: { readonly base: Fixtures; readonly all: Fixtures } | undefined;

  async function ensure(): Promise<string> {
    const there = await secrets.newest(name);
    if (there !== undefined) return `${name}@${there.version}`;
    return await state.exclusive(async () => {
      const meanwhile = await secrets.newest(name);
      if (meanwhile !== undefined) return `${name}@${meanwhile.version}`;
      const made = await secrets.changeTo(name, randomBytes(32).toString('base64url'), 'ballast');
      await state.commit({ set: made.set });
      return `${name}@${made.version}`;
    });
  }

  return async () => {
    const base = await fixtures();
    if (known?.base === base) return known.all;
    key ??= await ensure();
    known = { base, all: { ...base, neighboursKey: key } };
    return known.all;
  };
}
