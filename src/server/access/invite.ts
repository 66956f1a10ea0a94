import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { allRules } from '#plan/access.ts';
import { guestToken, guestTokensOf } from '#server/identities.ts';
import type { FleetState } from '#server/state.ts';
import { personPattern } from '#spec/access.ts';
import type { Input } from '#wire/operations.ts';

const day = 24 * 3_600_000;
const usualMs = 30 * day;
const maxMs = 90 * day;

/**
 * A token with which a person gets certificates in their own name, for as long as rules let them in. It opens
 * nothing else, ends by itself, and ends when their access is revoked.
 */
export async function inviteToAccess(
  state: FleetState,
  { who, ttlMs = usualMs }: Input<'inviteToAccess'>,
  by: string,
): Promise<{ readonly token: string; readonly expiresAt: number }> {
  if (!personPattern.test(who)) {
    throw new BallastError('bad-request', `${JSON.stringify(who)} is no name of a person`, {
      fix: 'use letters, digits and . _ + -, or an address such as ana@example.com',
    });
  }
  if (ttlMs > maxMs) {
    throw new BallastError('bad-request', `${showDuration(ttlMs)} is too long for an invitation`, {
      fix: 'use at most 90d: a new one is made in a moment',
    });
  }
  return await state.exclusive(async () => {
    if (!allRules(state.policy).some((rule) => rule.who === who)) {
      throw new BallastError('forbidden', `${who} has no access to any machine`, {
        why: 'an invitation lets people get certificates for what rules allow them',
        fix: `ballast access grant ${who} --machines 'app-*' --as deploy`,
      });
    }
    const expiresAt = state.now() + ttlMs;
    const { token, set } = guestToken(who, expiresAt, state.now());
    await state.commit({
      set: { ...(await guestTokensOf(state, undefined)), ...set },
      events: [
        {
          ...{ kind: 'access-invited', subject: who, by, cause: 'intentional' },
          what: `${who} may get certificates for themselves for ${showDuration(ttlMs)}`,
        },
      ],
    });
    return { token, expiresAt };
  });
}
