import { keys } from '#server/keys.ts';
import { lifeOf } from '#server/pki/authority.ts';
import type { Secrets } from '#server/secrets.ts';
import type { FleetState, NewEvent } from '#server/state.ts';

/** A certificate of a host name. */
export interface StoredCertificate {
  readonly host: string;
  readonly kind: 'internal' | 'acme';
  /** PEM, with its chain. */
  readonly certificate: string;
  /** `name@version`. */
  readonly keySecret: string;
}

/** Why the last try to get a certificate failed. */
export interface StoredTrouble {
  readonly host: string;
  readonly what: string;
  readonly failures: number;
  /** ms since the epoch. */
  readonly at: number;
  readonly nextAt: number;
  /** The directory that was asked: another one is tried at once. */
  readonly directory: string;
}

export interface NewCertificate {
  readonly host: string;
  readonly kind: StoredCertificate['kind'];
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

/** Certificates and troubles by host name, as the store holds them. */
export interface Book {
  /** By host; another object when something changed. */
  readonly certificates: () => Promise<ReadonlyMap<string, StoredCertificate>>;
  readonly troubles: () => Promise<ReadonlyMap<string, StoredTrouble>>;
  /** Call within `exclusive`. */
  readonly keep: (found: readonly NewCertificate[], events: readonly NewEvent[]) => Promise<void>;
  readonly note: (trouble: StoredTrouble, event: NewEvent) => Promise<void>;
  /** Forgets what was got for names that nobody has any more. Call within `exclusive`. */
  readonly forget: (hosts: readonly string[]) => Promise<void>;
}

const secretName = (host: string): string => `ballast.ingress-key.${host.replace('*', '_')}`;

export function createBook(state: FleetState, secrets: Secrets): Book {
  let known:
    | { readonly certificates: Map<string, StoredCertificate>; readonly troubles: Map<string, StoredTrouble> }
    | undefined;

  async function load() {
    if (known !== undefined) return known;
    const read = async <T extends { readonly host: string }>(prefix: string): Promise<Map<string, T>> => {
      const all = (await state.store.list(prefix)).entries.map((entry) => JSON.parse(entry.value) as T);
      return new Map(all.map((one) => [one.host, one]));
    };
    known = {
      certificates: await read<StoredCertificate>(keys.ingressCertificates),
      troubles: await read<StoredTrouble>(keys.ingressTroubles),
    };
    return known;
  }

  return {
    certificates: async () => (await load()).certificates,
    troubles: async () => (await load()).troubles,
    async keep(found, events) {
      const { certificates, troubles } = await load();
      const set: Record<string, unknown> = {};
      const next = new Map(certificates);
      const left = new Map(troubles);
      for (const { host, kind, certificate, key } of found) {
        const name = secretName(host);
        const change = await secrets.changeTo(name, key, 'ballast');
        const stored = { host, kind, certificate, keySecret: `${name}@${change.version}` };
        Object.assign(set, change.set, {
          [keys.ingressCertificate(host)]: stored,
          [keys.ingressTrouble(host)]: null,
          // The one before may still be on its way to a machine; older ones are not.
          ...(change.version > 2 ? { [keys.secretVersion(name, change.version - 2)]: null } : {}),
        });
        next.set(host, stored);
        if (kind === 'acme') left.delete(host);
      }
      await state.commit({ set, events, bump: true });
      known = { certificates: next, troubles: left };
    },
    async note(trouble, event) {
      const { certificates, troubles } = await load();
      await state.exclusive(() =>
        state.commit({ set: { [keys.ingressTrouble(trouble.host)]: trouble }, events: [event] }),
      );
      known = { certificates, troubles: new Map([...troubles, [trouble.host, trouble]]) };
    },
    async forget(hosts) {
      const { certificates, troubles } = await load();
      const next = new Map(certificates);
      const left = new Map(troubles);
      const set: Record<string, unknown> = {};
      for (const host of hosts) {
        if (next.delete(host)) {
          Object.assign(set, await secrets.removal(secretName(host), 'ballast'));
          set[keys.ingressCertificate(host)] = null;
        }
        if (left.delete(host)) set[keys.ingressTrouble(host)] = null;
      }
      if (Object.keys(set).length === 0) return;
      await state.commit({ set });
      known = { certificates: next, troubles: left };
    },
  };
}

/** From two thirds of its life on a certificate is to be renewed; ms since the epoch. */
export function dueAt(certificate: string): number {
  const { beginsAt, endsAt } = lifeOf(certificate);
  return beginsAt + ((endsAt - beginsAt) * 2) / 3;
}
