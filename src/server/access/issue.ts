import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { isSuspended, principalOf, type StandingRule, sshPortOf, standingRules } from '#plan/access.ts';
import type { MachineRecord, Policy } from '#plan/model.ts';
import { unknown } from '#server/control/context.ts';
import type { SshAuthority } from '#server/pki/ssh-authority.ts';
import type { FleetState } from '#server/state.ts';
import { personPattern, reaches } from '#spec/access.ts';
import type { CertificateAnswer, ReachableMachine } from '#wire/access-views.ts';
import type { Input } from '#wire/operations.ts';
import { type Issued, keyOf } from './issued.ts';

export interface IssueParts {
  readonly state: FleetState;
  readonly authority: SshAuthority;
  readonly issued: Issued;
  /** The link by which a local machine has to be reached. */
  readonly linkOf: (machine: MachineRecord) => string | undefined;
}

/** Machines' clocks may be a little behind. */
const skewMs = 60_000;
const permits = ['permit-pty', 'permit-port-forwarding'];
const publicKeyPattern =
  /^(ssh-ed25519|sk-ssh-ed25519@openssh\.com|ecdsa-sha2-nistp(256|384|521)|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]{40,1000}={0,2}( [^\n\r]*)?$/;

/** Gives a certificate for all that the rules allow a person now, or for the part that is asked for. */
export async function issueCertificate(
  { state, authority, issued, linkOf }: IssueParts,
  input: Input<'issueCertificate'>,
  by: string,
): Promise<CertificateAnswer> {
  const { publicKey, machine, who = by } = input;
  if (!personPattern.test(who)) {
    throw new BallastError('bad-request', `${JSON.stringify(who)} is no name of a person`, {
      fix: 'use letters, digits and . _ + -, or an address such as ana@example.com',
    });
  }
  if (!publicKeyPattern.test(publicKey)) {
    throw new BallastError('bad-request', 'this is no public key that a certificate can be made for', {
      why: 'it is to be one line, of the kind ed25519 or ecdsa',
      fix: 'make one: ssh-keygen -t ed25519',
    });
  }
  const { host } = await authority.publicKeys();
  return await state.exclusive(async () => {
    const { policy } = state;
    const rules = rulesFor(policy, who, input);
    const before = await issued.inForce();
    if (before.some((one) => one.revoked && keyOf(one.publicKey) === keyOf(publicKey))) {
      throw new BallastError('forbidden', 'the key is one of a certificate that was revoked', {
        fix: 'make another key: machines refuse this one',
      });
    }
    const at = state.now();
    const ttlMs = Math.min(input.ttlMs ?? Number.POSITIVE_INFINITY, ...rules.map((rule) => rule.ttlMs));
    const accounts = [...new Set(rules.map(({ as }) => as))].sort();
    const principals = accounts.map((account) => principalOf(who, account, machine));
    const { serial, set } = await issued.nextSerial();
    const until = at + ttlMs;
    const certificate = await authority.sign({
      ...{ kind: 'user', publicKey: keyOf(publicKey), id: who, serial, principals, permits },
      ...{ from: at - skewMs, until },
    });
    const note = { serial, who, by, at, until, principals, publicKey: keyOf(publicKey) };
    const where = machine ?? [...new Set(rules.flatMap(({ machines }) => machines))].sort().join(', ');
    await state.commit({
      set: { ...set, ...(await issued.noting([note])) },
      events: [
        {
          kind: 'certificate-issued',
          ...(machine === undefined ? {} : { machine }),
          ...{ subject: who, by, cause: 'intentional' },
          what: `${who} was given certificate ${serial} for ${accounts.join(', ')} on ${where}, good for ${showDuration(ttlMs)}`,
          detail: {
            serial: String(serial),
            accounts: accounts.join(' '),
            until: new Date(until).toISOString(),
          },
        },
      ],
    });
    const reachable = machinesOf(policy, rules, linkOf).filter(({ name }) => (machine ?? name) === name);
    return {
      serial,
      who,
      certificate,
      principals,
      expiresAt: until,
      hostAuthority: host,
      machines: reachable,
    };
  });
}

/** The rules that a certificate is for. Throws `forbidden` when there is none, and says what there is. */
function rulesFor(
  policy: Policy,
  who: string,
  { machine, as }: Pick<Input<'issueCertificate'>, 'machine' | 'as'>,
): readonly StandingRule[] {
  if (machine !== undefined && !(machine in policy.machines)) {
    throw unknown('machine', machine, Object.keys(policy.machines));
  }
  if (isSuspended(policy, who)) {
    throw new BallastError('forbidden', `the access of ${who} was revoked`, {
      fix: `if that is over: ballast access grant ${who}`,
    });
  }
  const own = standingRules(policy).filter((rule) => rule.who === who);
  if (own.length === 0) {
    throw new BallastError('forbidden', `${who} has no access to any machine`, {
      why: 'neither access: in the fleet file nor a grant names them',
      fix: `ballast access grant ${who} --machines ${machine ?? "'*'"} --as deploy`,
    });
  }
  const there = machine === undefined ? own : own.filter((rule) => reaches(rule, machine));
  if (there.length === 0) {
    throw new BallastError('forbidden', `${who} has no access to ${machine}`, {
      why: `the rules name ${[...new Set(own.flatMap(({ machines }) => machines))].join(', ')}`,
      fix: `ballast access grant ${who} --machines ${machine} --as ${own[0]?.as ?? 'deploy'}`,
    });
  }
  const meant = as === undefined ? there : there.filter((rule) => rule.as === as);
  if (meant.length > 0) return meant;
  throw new BallastError(
    'forbidden',
    `${who} may not be ${as}${machine === undefined ? '' : ` on ${machine}`}`,
    {
      why: `the rules allow ${[...new Set(there.map((rule) => rule.as))].join(', ')}`,
      fix: `name one of those, or: ballast access grant ${who} --machines ${machine ?? "'*'"} --as ${as}`,
    },
  );
}

function machinesOf(
  policy: Policy,
  rules: readonly StandingRule[],
  linkOf: IssueParts['linkOf'],
): readonly ReachableMachine[] {
  return Object.values(policy.machines).flatMap((machine): ReachableMachine[] => {
    const here = rules.filter((rule) => reaches(rule, machine.name));
    if (here.length === 0 || machine.leaving) return [];
    const link = linkOf(machine);
    return [
      {
        name: machine.name,
        address: machine.address,
        port: sshPortOf(policy, machine),
        accounts: [...new Set(here.map(({ as }) => as))].sort(),
        ...(link === undefined ? {} : { link }),
      },
    ];
  });
}
