import type { Fixtures, SshFixture } from '#compile/fixtures.ts';
import { allRules, isSuspended, minded } from '#plan/access.ts';
import type { AccessPolicy } from '#plan/access-model.ts';
import type { Inventory, MachineRecord } from '#plan/model.ts';
import type { Log } from '#server/log.ts';
import { createSshAuthority } from '#server/pki/ssh-authority.ts';
import { createSshKeygen } from '#server/pki/ssh-keygen.ts';
import type { Secrets } from '#server/secrets.ts';
import type { FleetState, NewEvent } from '#server/state.ts';
import { reaches } from '#spec/access.ts';
import type { AccessView, CertificateAnswer, GrantAnswer, RevokeAnswer } from '#wire/access-views.ts';
import type { Input } from '#wire/operations.ts';
import { grantAccess, revokeAccess } from './grants.ts';
import { createHostKeys } from './hosts.ts';
import { inviteToAccess } from './invite.ts';
import { issueCertificate } from './issue.ts';
import { createIssued, type Issued, revokedText } from './issued.ts';
import { noteProof } from './proven.ts';

export interface DeskOptions {
  readonly state: FleetState;
  readonly secrets: Secrets;
  /** A folder of its own, in which keys stand while something is signed. */
  readonly folder: string;
  readonly linkOf: (machine: MachineRecord) => string | undefined;
  readonly log: Log;
}

/** Everything about access that the rest of the server needs. */
export interface AccessDesk {
  readonly view: () => Promise<AccessView>;
  readonly grant: (input: Input<'grantAccess'>, by: string) => Promise<GrantAnswer>;
  readonly revoke: (input: Input<'revokeAccess'>, by: string) => Promise<RevokeAnswer>;
  readonly invite: (
    input: Input<'inviteToAccess'>,
    by: string,
  ) => Promise<{ readonly token: string; readonly expiresAt: number }>;
  readonly issue: (input: Input<'issueCertificate'>, by: string) => Promise<CertificateAnswer>;
  /** The fixtures with what machines need of access: the same object as long as nothing changed. */
  readonly complete: (fixtures: Fixtures) => Promise<Fixtures>;
  readonly certifyHosts: (inventory: Inventory) => Promise<void>;
  /** Told everything that machines say. */
  readonly heard: (event: NewEvent) => void;
}

export function createAccessDesk({ state, secrets, folder, linkOf, log }: DeskOptions): AccessDesk {
  const authority = createSshAuthority(state, secrets, createSshKeygen(folder));
  const issued = createIssued(state);
  const hosts = createHostKeys(state, authority);
  let revoked: { readonly since: AccessPolicy | undefined; readonly text: string } | undefined;
  let last: { readonly given: Fixtures; readonly ssh: SshFixture; readonly complete: Fixtures } | undefined;

  async function fixture(): Promise<SshFixture> {
    // Read anew only when somebody did something, so that what merely expires makes no new manifest.
    const since = state.policy.access;
    if (revoked === undefined || revoked.since !== since) {
      revoked = { since, text: revokedText(await issued.inForce()) };
    }
    const { text } = revoked;
    const hostCertificates = await hosts.certificates();
    const userAuthority = (await authority.publicKeys()).user;
    const before = last?.ssh;
    if (before?.revoked === text && before.hostCertificates === hostCertificates) return before;
    return { userAuthority, hostCertificates, revoked: text };
  }

  return {
    view: async () => await viewOf(state, issued),
    grant: async (input, by) => await grantAccess(state, input, by),
    revoke: async (input, by) => await revokeAccess({ state, issued }, input, by),
    invite: async (input, by) => await inviteToAccess(state, input, by),
    issue: async (input, by) => await issueCertificate({ state, authority, issued, linkOf }, input, by),
    async complete(given) {
      if (!minded(state.policy)) return given;
      const ssh = await fixture();
      if (last?.given !== given || last.ssh !== ssh) last = { given, ssh, complete: { ...given, ssh } };
      return last.complete;
    },
    certifyHosts: async (inventory) => {
      // A machine without a host certificate is still reached: nothing else may wait for it.
      await hosts
        .certify(inventory)
        .catch((cause: unknown) => log.error('host keys are not certified', cause));
    },
    heard: (event) => {
      noteProof(state, event).catch((cause: unknown) => log.error('a login could not be noted', cause));
    },
  };
}

async function viewOf(state: FleetState, issued: Issued): Promise<AccessView> {
  const { policy } = state;
  const names = Object.keys(policy.machines);
  return {
    rules: allRules(policy).map(({ entry: _, grant, ...rule }) => ({
      ...rule,
      ...(grant === undefined ? {} : { grant: { id: grant.id, by: grant.by, at: grant.at } }),
      suspended: isSuspended(policy, rule.who),
      reaches: names.filter((name) => reaches(rule, name)),
    })),
    certificates: (await issued.inForce()).map(({ publicKey: _, until, revoked, ...one }) => ({
      ...one,
      expiresAt: until,
      revoked: revoked !== undefined,
    })),
  };
}
