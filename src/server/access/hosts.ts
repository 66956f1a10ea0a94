import type { SshFixture } from '#compile/fixtures.ts';
import { minded } from '#plan/access.ts';
import type { Inventory, MachineRecord } from '#plan/model.ts';
import { keys } from '#server/keys.ts';
import type { SshAuthority } from '#server/pki/ssh-authority.ts';
import type { FleetState } from '#server/state.ts';

type HostCertificates = SshFixture['hostCertificates'];

/** Certificates of one machine's host keys, as the store holds them. */
interface StoredHost {
  /** What they are for: other keys or another address need others. */
  readonly keys: readonly string[];
  readonly address: string;
  readonly until: number;
  readonly certificates: readonly { readonly name: string; readonly certificate: string }[];
}

const day = 24 * 3_600_000;
const lifetimeMs = 90 * day;
const skewMs = 5 * 60_000;
/** A machine has one key of a kind; no more are certified than there are kinds. */
const keysMax = 4;

export interface HostKeys {
  /** Certifies the host keys that machines report, where that is new or half over. */
  readonly certify: (inventory: Inventory) => Promise<void>;
  readonly certificates: () => Promise<HostCertificates>;
}

export function createHostKeys(state: FleetState, authority: SshAuthority): HostKeys {
  const known = new Map<string, StoredHost>();
  let loaded: Promise<void> | undefined;
  let shown: HostCertificates = {};

  const load = async (): Promise<void> => {
    for (const { key, value } of (await state.store.list(keys.sshHosts)).entries) {
      known.set(key.slice(keys.sshHosts.length), JSON.parse(value) as StoredHost);
    }
    show();
  };
  const show = (): void => {
    shown = Object.fromEntries([...known].map(([name, { certificates }]) => [name, certificates]));
  };
  const ready = async (): Promise<void> => await (loaded ??= load());

  const isGood = (machine: MachineRecord, reported: readonly string[]): boolean => {
    const there = known.get(machine.name);
    return (
      there !== undefined &&
      there.address === machine.address &&
      there.keys.join('\n') === reported.join('\n') &&
      there.until - lifetimeMs / 2 > state.now()
    );
  };

  async function certified(machine: MachineRecord, reported: readonly string[]): Promise<StoredHost> {
    const from = state.now() - skewMs;
    const until = state.now() + lifetimeMs;
    const principals = [machine.name, machine.address];
    const certificates: { name: string; certificate: string }[] = [];
    for (const publicKey of reported) {
      const wish = { publicKey, id: machine.name, serial: 0, principals, from, until, kind: 'host' } as const;
      certificates.push({ name: nameOf(publicKey), certificate: await authority.sign(wish) });
    }
    return { keys: reported, address: machine.address, until, certificates };
  }

  return {
    async certify({ machines }) {
      if (!minded(state.policy)) return;
      await ready();
      const due = Object.values(state.policy.machines).flatMap((machine) => {
        const reported = usable(machines[machine.name]?.facts.hostKeys ?? []);
        return reported.length === 0 || isGood(machine, reported) ? [] : [{ machine, reported }];
      });
      if (due.length === 0) return;
      await authority.publicKeys();
      const made: [string, StoredHost][] = [];
      for (const { machine, reported } of due) made.push([machine.name, await certified(machine, reported)]);
      await state.exclusive(() =>
        state.commit({
          set: Object.fromEntries(made.map(([name, host]) => [keys.sshHost(name), host])),
          bump: true,
          events: made.map(([machine]) => ({
            kind: 'host-certificate',
            machine,
            what: `the host keys of ${machine} are certified`,
          })),
        }),
      );
      for (const [name, host] of made) known.set(name, host);
      show();
    },
    async certificates() {
      await ready();
      return shown;
    },
  };
}

/** `ed25519`, as the file of the key has it in its name. */
const nameOf = (publicKey: string): string =>
  publicKey.startsWith('ssh-') ? publicKey.slice(4, publicKey.indexOf(' ')) : 'ecdsa';

/** What machines say is not trusted: at most one well-formed key of each kind. */
function usable(reported: readonly string[]): readonly string[] {
  const found = new Map<string, string>();
  for (const key of reported) {
    const match =
      /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]{40,2000}={0,2})$/.exec(key);
    if (match) found.set(nameOf(key), key);
  }
  return [...found.values()].sort().slice(0, keysMax);
}
