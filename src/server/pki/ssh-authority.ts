import { BallastError } from '#base/errors.ts';
import { keys } from '#server/keys.ts';
import type { Secrets } from '#server/secrets.ts';
import type { FleetState } from '#server/state.ts';
import type { CertificateWish, SshKeygen } from './ssh-keygen.ts';

/** Names of the authorities' private keys among the fleet's own secrets. */
const names = { user: 'ballast.ssh-user-authority', host: 'ballast.ssh-host-authority' } as const;

/** Public keys of the fleet's two ssh authorities, one line each, and the fingerprint that sshd's log shows. */
export interface SshAuthorities {
  readonly user: string;
  readonly host: string;
  readonly userFingerprint: string;
}

/** Signs for ssh. There are two authorities, so that no certificate for a person is ever one for a machine. */
export interface SshAuthority {
  /** Makes both when the fleet has none yet. */
  readonly publicKeys: () => Promise<SshAuthorities>;
  /** Answers with the certificate, one line. */
  readonly sign: (wish: CertificateWish) => Promise<string>;
}

/** The private keys are secrets like others: encrypted in the store, and in the clear only while something is signed. */
export function createSshAuthority(state: FleetState, secrets: Secrets, keygen: SshKeygen): SshAuthority {
  let known: SshAuthorities | undefined;

  async function stored(): Promise<SshAuthorities | undefined> {
    const entry = await state.store.get(keys.sshAuthorities);
    return entry && (JSON.parse(entry.value) as SshAuthorities);
  }

  async function make(): Promise<SshAuthorities> {
    return await state.exclusive(async () => {
      const meanwhile = await stored();
      if (meanwhile !== undefined) return meanwhile;
      const fleet = state.policy.fleet.name;
      const user = await keygen.makeKey(`Ballast people of ${fleet}`);
      const host = await keygen.makeKey(`Ballast machines of ${fleet}`);
      const made: SshAuthorities = {
        user: user.publicKey,
        host: host.publicKey,
        userFingerprint: await keygen.fingerprint(user.publicKey),
      };
      const userKey = await secrets.changeTo(names.user, user.privateKey, 'ballast');
      const hostKey = await secrets.changeTo(names.host, host.privateKey, 'ballast');
      await state.commit({
        set: { ...userKey.set, ...hostKey.set, [keys.sshAuthorities]: made },
        events: [{ kind: 'access', what: 'the fleet has authorities for ssh certificates now' }],
      });
      return made;
    });
  }

  return {
    async publicKeys() {
      known ??= (await stored()) ?? (await make());
      return known;
    },
    async sign(wish) {
      const newest = await secrets.newest(names[wish.kind]);
      if (newest === undefined) throw new BallastError('internal', 'the fleet’s ssh authority has no key');
      return await keygen.sign(await secrets.value(`${newest.name}@${newest.version}`), wish);
    },
  };
}
