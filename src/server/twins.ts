import { BallastError } from '#base/errors.ts';
import { maybeSame, type Peer, showPeer } from '#wire/peer.ts';
import type { RemarkedCondition } from '#wire/views.ts';
import type { NewEvent } from './state.ts';

export interface TwinsOptions {
  readonly now: () => number;
  readonly tell: (event: NewEvent) => void;
  /** Where a machine is known to be. */
  readonly addressOf: (machine: string) => string | undefined;
}

interface Newcomer {
  readonly machine: string;
  readonly peer: Peer;
  /** The one that is connected, and whether it shows that it lives. */
  readonly known: Peer;
  readonly lives: () => Promise<boolean>;
}

/** Machines that come with one identity, as when a disk was copied: one is let in, and people are told of both. */
export interface Twins {
  /** Throws `conflict` when what is connected is to stay. Else the newcomer takes its place. */
  readonly choose: (newcomer: Newcomer) => Promise<void>;
  readonly conditionOf: (machine: string) => RemarkedCondition | undefined;
  readonly forget: (machine: string) => void;
}

/** One that is refused knocks again within seconds; when it is no longer heard, it is gone. */
const rememberedMs = 60_000;
const toldMax = 1_000;

export function createTwins({ now, tell, addressOf }: TwinsOptions): Twins {
  /** What was told, so that each pair is told of once. */
  const told = new Set<string>();
  const claims = new Map<string, { readonly condition: RemarkedCondition; readonly at: number }>();

  function note(machine: string, right: Peer, copy: Peer): string {
    const what = `${showPeer(copy)} has the identity of ${machine}, which is connected from ${showPeer(right)}`;
    const before = conditionOf(machine);
    const since = before?.what === what ? before.since : now();
    claims.set(machine, { condition: { kind: 'copied-identity', since, what }, at: now() });
    if (!told.has(what)) {
      if (told.size >= toldMax) told.clear();
      told.add(what);
      tell({ kind: 'machine-twice', machine, what: `${what}: the second one is refused` });
    }
    return what;
  }

  function conditionOf(machine: string): RemarkedCondition | undefined {
    const claim = claims.get(machine);
    return claim === undefined || claim.at < now() - rememberedMs ? undefined : claim.condition;
  }

  return {
    conditionOf,
    async choose({ machine, peer, known, lives }) {
      if (maybeSame(known, peer)) return;
      // A machine that was started anew is told from a copy by this: its old connection is dead.
      if (!(await lives())) return;
      const address = addressOf(machine);
      // The copy was faster, as after a restart of the server: it makes way.
      if (address !== undefined && peer.address === address && known.address !== address) {
        note(machine, peer, known);
        return;
      }
      throw new BallastError('conflict', `another machine is connected as ${machine}`, {
        why: `${note(machine, known, peer)}; a copied disk has its original's identity`,
        fix: 'let the copy in as a machine of its own: `ballast agent --leave` on it, then `ballast machine add`',
      });
    },
    forget: (machine) => void claims.delete(machine),
  };
}
