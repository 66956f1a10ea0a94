import { BallastError } from '#base/errors.ts';
import { suggest } from '#base/suggest.ts';
import type { SecretView } from '#wire/views.ts';
import { keys } from './keys.ts';
import type { FleetState } from './state.ts';
import type { Box, Vault } from './vault.ts';

/** One immutable version of a secret; `box` null: it was removed, and its number stays taken. */
interface StoredSecret {
  readonly name: string;
  readonly version: number;
  readonly at: number;
  readonly by: string;
  readonly box: Box | null;
}

/** A version to be stored with a commit; undefined when the newest one has that value already. */
export interface SecretChange {
  readonly version: number;
  readonly view: SecretView;
  /** Empty when nothing changes. */
  readonly set: Readonly<Record<string, unknown>>;
}

export interface Secrets {
  readonly list: () => Promise<readonly SecretView[]>;
  /** The newest version; undefined when there is none. */
  readonly newest: (name: string) => Promise<SecretView | undefined>;
  /** What has to be committed for the secret to have this value. Call within `exclusive`. */
  readonly changeTo: (name: string, value: string, by: string) => Promise<SecretChange>;
  /** What has to be committed for every version of it to go. Call within `exclusive`. */
  readonly removal: (name: string, by: string) => Promise<Readonly<Record<string, unknown>>>;
  /** The value of `name@version`. */
  readonly value: (reference: string) => Promise<string>;
}

/** Versioned secrets, encrypted at rest. Values leave only through `value`, for the machines that need them. */
export function createSecrets(state: FleetState, vault: Vault): Secrets {
  const versions = async (name: string): Promise<readonly StoredSecret[]> =>
    (await state.store.list(keys.secret(name))).entries.map(
      (entry) => JSON.parse(entry.value) as StoredSecret,
    );

  const newest = async (name: string): Promise<StoredSecret | undefined> => {
    const last = (await versions(name)).at(-1);
    return last?.box ? last : undefined;
  };

  return {
    async list() {
      const all = (await state.store.list(keys.secrets)).entries.map(
        (entry) => JSON.parse(entry.value) as StoredSecret,
      );
      const last = new Map(all.map((secret) => [secret.name, secret]));
      return [...last.values()].filter((secret) => secret.box !== null).map(viewOf);
    },
    async newest(name) {
      const found = await newest(name);
      return found && viewOf(found);
    },
    async changeTo(name, value, by) {
      const all = await versions(name);
      const last = all.at(-1);
      if (last?.box && vault.open(label(name, last.version), last.box) === value) {
        return { version: last.version, view: viewOf(last), set: {} };
      }
      const version = (last?.version ?? 0) + 1;
      const box = vault.seal(label(name, version), value);
      const stored: StoredSecret = { name, version, at: state.now(), by, box };
      return { version, view: viewOf(stored), set: { [keys.secretVersion(name, version)]: stored } };
    },
    async removal(name, by) {
      const all = await versions(name);
      const last = all.at(-1);
      if (!last?.box) throw unknownSecret(name, await this.list());
      const version = last.version + 1;
      const gone: StoredSecret = { name, version, at: state.now(), by, box: null };
      return {
        ...Object.fromEntries(all.map((secret) => [keys.secretVersion(name, secret.version), null])),
        [keys.secretVersion(name, version)]: gone,
      };
    },
    async value(reference) {
      const at = reference.lastIndexOf('@');
      const name = reference.slice(0, at);
      const version = Number(reference.slice(at + 1));
      const entry = await state.store.get(keys.secretVersion(name, version));
      const stored = entry && (JSON.parse(entry.value) as StoredSecret);
      if (!stored?.box) throw new BallastError('not-found', `the secret ${reference} is not in the store`);
      return vault.open(label(name, version), stored.box);
    },
  };
}

const label = (name: string, version: number): string => `${name}@${version}`;

const viewOf = ({ name, version, at, by }: StoredSecret): SecretView => ({ name, version, at, by });

function unknownSecret(name: string, all: readonly SecretView[]): BallastError {
  const near = suggest(
    name,
    all.map((secret) => secret.name),
  );
  return new BallastError('not-found', `there is no secret ${name}`, {
    fix: near === undefined ? '`ballast secret ls` lists them' : `did you mean ${near}?`,
  });
}
