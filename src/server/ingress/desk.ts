import { must } from '#base/assert.ts';
import { BallastError } from '#base/errors.ts';
import type { Fixtures, IngressFixture } from '#compile/fixtures.ts';
import type { Control } from '#server/control/context.ts';
import type { Log } from '#server/log.ts';
import { type Authority, lifetimes } from '#server/pki/authority.ts';
import type { AcmeModel } from '#spec/ingress-model.ts';
import { waitAfter } from './backoff.ts';
import { createBook, dueAt, type NewCertificate } from './book.ts';
import { getByAcme } from './by-acme.ts';
import { type IngressViewParts, ingressView } from './view.ts';
import { createWanted } from './wanted.ts';

/** Everything about ingress that the rest of the server needs. */
export interface IngressDesk {
  /** The fixtures with what ingress needs: the same object as long as nothing changed. */
  readonly complete: (fixtures: Fixtures) => Promise<Fixtures>;
  /** Gets what is due by ACME, one name after the other; tells when to look again, ms since the epoch. */
  readonly renew: (signal: AbortSignal) => Promise<number | null>;
  readonly view: () => ReturnType<typeof ingressView>;
  /** The next look tries this name at once, whatever failed before. Throws when there is no such name. */
  readonly hasten: (host: string) => Promise<void>;
}

export interface IngressDeskOptions {
  readonly control: Pick<Control, 'state' | 'secrets' | 'inventory'>;
  readonly authority: Authority;
  readonly log: Log;
}

/** So long nothing is forgotten of a name that no app has any more: it may come back. */
const certificatesMax = 2_000;

export function createIngressDesk({ control, authority, log }: IngressDeskOptions): IngressDesk {
  const { state, secrets } = control;
  const book = createBook(state, secrets);
  const wantedBy = createWanted();
  const challenges = new Map<string, string>();
  const hastened = new Set<string>();
  let last: { readonly from: readonly unknown[]; readonly fixture: IngressFixture } | undefined;
  let completed:
    | { readonly given: Fixtures; readonly fixture: IngressFixture; readonly all: Fixtures }
    | undefined;
  const wanted = () => wantedBy(state.policy, state.plan);
  const parts = (): IngressViewParts => ({ state, secrets, book, wanted: wanted() });

  /** Names without a certificate get one of ours: also those whose own is still to come. */
  async function ensureInternal(): Promise<void> {
    const lacking = async (): Promise<readonly string[]> => {
      const { internal, acme } = wanted();
      const all = await book.certificates();
      const own = (host: string): boolean => {
        const there = all.get(host);
        return there === undefined || (there.kind === 'internal' && dueAt(there.certificate) <= state.now());
      };
      const changed = internal.filter((host) => all.get(host)?.kind === 'acme');
      return [...new Set([...internal, ...acme].filter(own).concat(changed))];
    };
    if ((await lacking()).length === 0) return;
    await state.exclusive(async () => {
      const hosts = await lacking();
      const made: NewCertificate[] = [];
      for (const host of hosts) {
        made.push({ host, kind: 'internal', ...(await authority.forServer([host], lifetimes.ingress)) });
      }
      if (made.length > 0) await book.keep(made, []);
    });
  }

  async function fixture(): Promise<IngressFixture> {
    const { routes, internal, acme } = wanted();
    const all = await book.certificates();
    const from = [routes, all, ...[...challenges].flat()];
    if (last !== undefined && sameItems(last.from, from)) return last.fixture;
    const certificates = Object.fromEntries(
      [...internal, ...acme].flatMap((host) => {
        const one = all.get(host);
        return one ? [[host, { certificate: one.certificate, keySecret: one.keySecret }]] : [];
      }),
    );
    last = { from, fixture: { certificates, challenges: Object.fromEntries(challenges) } };
    return last.fixture;
  }

  async function tryAcme(host: string, acme: AcmeModel, signal: AbortSignal): Promise<void> {
    const failures = (await book.troubles()).get(host)?.failures ?? 0;
    try {
      const found = await getByAcme(host, acme, { control, challenges, signal });
      const what = `${host} has a certificate by ACME`;
      await state.exclusive(() =>
        book.keep([{ host, kind: 'acme', ...found }], [{ kind: 'ingress-certificate', subject: host, what }]),
      );
    } catch (cause) {
      if (signal.aborted) return;
      const why = wordsOf(cause);
      const nextAt = state.now() + waitAfter(failures + 1);
      log.warn('a certificate could not be got', { host, why });
      await book.note(
        { host, what: why, failures: failures + 1, at: state.now(), nextAt, directory: acme.directory },
        {
          kind: 'ingress-certificate-failed',
          subject: host,
          what: `${host} got no certificate by ACME: ${why}`,
        },
      );
    } finally {
      hastened.delete(host);
    }
  }

  return {
    async complete(given) {
      if (wanted().routes.length === 0) return given;
      await ensureInternal();
      const now = await fixture();
      if (completed?.given !== given || completed.fixture !== now) {
        completed = { given, fixture: now, all: { ...given, ingress: now } };
      }
      return completed.all;
    },
    async renew(signal) {
      const acme = state.policy.fleet.ingress?.acme;
      let wakeAt = Number.POSITIVE_INFINITY;
      const { internal, acme: hosts } = wanted();
      for (const host of internal) {
        const there = (await book.certificates()).get(host);
        if (there !== undefined) wakeAt = Math.min(wakeAt, dueAt(there.certificate));
      }
      for (const host of acme === undefined ? [] : hosts) {
        if (signal.aborted) break;
        const ask = must(acme, 'a directory');
        const due = await dueOf(host, ask);
        if (due <= state.now()) await tryAcme(host, ask, signal);
        wakeAt = Math.min(wakeAt, await dueOf(host, ask));
      }
      await forgetOld();
      return Number.isFinite(wakeAt) ? wakeAt : null;
    },
    view: () => ingressView(parts()),
    async hasten(host) {
      const { acme } = wanted();
      if (!acme.includes(host)) {
        throw new BallastError('not-found', `no certificate by ACME is wanted for ${host}`, {
          fix: '`ballast ingress ls` lists all host names',
        });
      }
      hastened.add(host);
      state.changes.mark();
    },
  };

  async function dueOf(host: string, { directory }: AcmeModel): Promise<number> {
    if (hastened.has(host)) return 0;
    const trouble = (await book.troubles()).get(host);
    if (trouble !== undefined && trouble.directory === directory) return trouble.nextAt;
    const there = (await book.certificates()).get(host);
    return there === undefined || there.kind !== 'acme' ? 0 : dueAt(there.certificate);
  }

  /** Names that nobody asks for any more are kept as long as there is room: authorities count certificates. */
  async function forgetOld(): Promise<void> {
    const { internal, acme } = wanted();
    const asked = new Set([...internal, ...acme]);
    const left = [...(await book.certificates()).values()].filter(({ host }) => !asked.has(host));
    const old = left
      .filter(({ kind }, index) => kind === 'internal' || index >= certificatesMax)
      .map(({ host }) => host);
    const over = [...(await book.troubles()).keys()].filter((host) => !acme.includes(host));
    if (old.length + over.length === 0) return;
    await state.exclusive(() => book.forget([...new Set([...old, ...over])]));
  }
}

const sameItems = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);

function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const why = cause instanceof BallastError ? cause.detail.why : undefined;
  return why === undefined ? cause.message : `${cause.message}: ${why}`;
}
