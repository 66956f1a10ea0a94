import { BallastError } from '#base/errors.ts';
import { same } from '#base/json.ts';
import { allRules, isSuspended } from '#plan/access.ts';
import type { AccessPolicy, Grant } from '#plan/access-model.ts';
import { unknown } from '#server/control/context.ts';
import { guestTokensOf } from '#server/identities.ts';
import { keys } from '#server/keys.ts';
import type { FleetState, NewEvent } from '#server/state.ts';
import { clashes, type NamedRule, personPattern, ruleProblems } from '#spec/access.ts';
import type { GrantAnswer, RevokeAnswer } from '#wire/access-views.ts';
import type { Input } from '#wire/operations.ts';
import type { Issued, IssuedCertificate } from './issued.ts';

const none: AccessPolicy = { grants: [], suspended: [], proven: {} };

/** Lets a person in by one rule more; with a name only, lifts what suspended their access. */
export async function grantAccess(
  state: FleetState,
  { who, rule }: Input<'grantAccess'>,
  by: string,
): Promise<GrantAnswer> {
  return await state.exclusive(async () => {
    const access = state.policy.access ?? none;
    const suspended = isSuspended(state.policy, who);
    const lifted: AccessPolicy = {
      ...access,
      suspended: access.suspended.filter((one) => one.who !== who),
    };
    if (rule === undefined) {
      if (!suspended) throw nothingToLift(state, who);
      await commit(state, lifted, { subject: who, by, what: `${who} may use their access again` });
      return { changed: true, plan: state.plan.number };
    }
    refuseBad(state, { ...rule, who, label: 'grant' });
    const there = access.grants.find(({ id: _, by: __, at: ___, ...grant }) => same(grant, { ...rule, who }));
    if (there !== undefined && !suspended)
      return { grant: there.id, changed: false, plan: state.plan.number };
    const { id, set } = await nextId(state);
    const grant: Grant = there ?? { ...rule, who, id, by, at: state.now() };
    const what = `${who} may log in as ${rule.as} on ${rule.machines.join(', ')}`;
    await commit(
      state,
      { ...lifted, grants: there === undefined ? [...lifted.grants, grant] : lifted.grants },
      { subject: who, by, what, detail: { grant: grant.id, account: rule.as } },
      there === undefined ? set : {},
    );
    return { grant: grant.id, changed: true, plan: state.plan.number };
  });
}

/** Takes access back. Machines refuse what was revoked as soon as they hold the next manifest. */
export async function revokeAccess(
  { state, issued }: { readonly state: FleetState; readonly issued: Issued },
  input: Input<'revokeAccess'>,
  by: string,
): Promise<RevokeAnswer> {
  const given = [input.who, input.grant, input.serial].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new BallastError('bad-request', 'what is to be revoked?', {
      fix: 'name one: a person, a grant or a certificate',
    });
  }
  return await state.exclusive(async () => {
    const access = state.policy.access ?? none;
    const certificates = await issued.inForce();
    const taken = takenBack(state, access, certificates, input);
    const revoked = taken.certificates.map((one) => ({ ...one, revoked: { by, at: state.now() } }));
    const next: AccessPolicy = {
      ...access,
      grants: access.grants.filter((grant) => !taken.grants.includes(grant)),
      suspended:
        taken.suspends === undefined || isSuspended(state.policy, taken.suspends)
          ? access.suspended
          : [...access.suspended, { who: taken.suspends, by, at: state.now() }],
    };
    await commit(
      state,
      next,
      { kind: 'access-revoked', subject: taken.subject, by, what: taken.what },
      {
        ...(await issued.noting(revoked)),
        ...(input.who === undefined ? {} : await guestTokensOf(state, input.who)),
      },
    );
    return {
      grants: taken.grants.map(({ id }) => id),
      certificates: revoked.map(({ serial }) => serial),
      suspended: taken.suspends !== undefined,
      plan: state.plan.number,
    };
  });
}

interface Taken {
  readonly grants: readonly Grant[];
  readonly certificates: readonly IssuedCertificate[];
  /** Whose rules of the fleet file do not count from now on. */
  readonly suspends?: string;
  readonly subject: string;
  readonly what: string;
}

function takenBack(
  state: FleetState,
  access: AccessPolicy,
  certificates: readonly IssuedCertificate[],
  { who, grant: id, serial }: Input<'revokeAccess'>,
): Taken {
  if (serial !== undefined) {
    const found = certificates.find((one) => one.serial === serial);
    if (found === undefined) {
      throw new BallastError('not-found', `there is no certificate ${serial} in force`, {
        why: 'it was never issued, or has expired already',
        fix: '`ballast access ls --certificates` lists them',
      });
    }
    const what = `certificate ${serial} of ${found.who} was revoked`;
    return { grants: [], certificates: [found], subject: found.who, what };
  }
  if (id !== undefined) {
    const grant = access.grants.find((one) => one.id === id);
    if (grant === undefined)
      throw unknown(
        'grant',
        id,
        access.grants.map((one) => one.id),
      );
    const what = `${grant.who} may no longer log in as ${grant.as} on ${grant.machines.join(', ')} (grant ${id})`;
    return { grants: [grant], certificates: [], subject: grant.who, what };
  }
  const person = who ?? '';
  const grants = access.grants.filter((grant) => grant.who === person);
  const own = certificates.filter((one) => one.who === person && one.revoked === undefined);
  const written = (state.policy.fleet.access ?? []).some((rule) => rule.who === person);
  if (grants.length === 0 && own.length === 0 && !written) throw nobody(state, person);
  return {
    ...{ grants, certificates: own, subject: person, what: `the access of ${person} was revoked` },
    ...(written ? { suspends: person } : {}),
  };
}

/** Whether anybody is let in, or let out, changes manifests: a plan of the same placement is made for it. */
async function commit(
  state: FleetState,
  access: AccessPolicy,
  event: Omit<NewEvent, 'kind' | 'cause'> & { readonly kind?: string },
  set: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await state.commit({
    set: { ...set, [keys.access]: access },
    bump: true,
    events: [{ kind: 'access-granted', cause: 'intentional', ...event }],
  });
}

async function nextId(state: FleetState): Promise<{ id: string; set: Record<string, unknown> }> {
  const last = await state.store.get(keys.lastGrant);
  const number = (last === undefined ? 0 : (JSON.parse(last.value) as number)) + 1;
  return { id: `g${number}`, set: { [keys.lastGrant]: number } };
}

function refuseBad(state: FleetState, rule: NamedRule): void {
  const machines = Object.keys(state.policy.machines);
  const own = ruleProblems(rule, machines);
  // What stands already was judged when it came; only what this one adds is of interest.
  const others = allRules(state.policy).map((one) => ({ ...one, label: one.origin }));
  const problems =
    own.length > 0
      ? own
      : clashes([...others, rule], machines).filter(({ what }) => what.includes(rule.label));
  if (problems.length === 0) return;
  throw new BallastError('bad-request', `${rule.who} cannot be given this access; nothing was changed`, {
    problems,
  });
}

function nothingToLift(state: FleetState, who: string): BallastError {
  if (!personPattern.test(who)) {
    return new BallastError('bad-request', `${JSON.stringify(who)} is no name of a person`, {
      fix: 'use letters, digits and . _ + -, or an address such as ana@example.com',
    });
  }
  const there = allRules(state.policy).some((rule) => rule.who === who);
  return new BallastError('bad-request', `what may ${who} do?`, {
    ...(there ? { why: 'their access was not revoked, so there is nothing to give back' } : {}),
    fix: `say where and as whom: ballast access grant ${who} --machines 'app-*' --as deploy`,
  });
}

function nobody(state: FleetState, who: string): BallastError {
  const people = [...new Set(allRules(state.policy).map((rule) => rule.who))];
  const { message, detail } = unknown('access of', who, people);
  return new BallastError('not-found', message, detail);
}
