import { present } from '#base/present.ts';
import type { IngressRoute } from '#compile/ingress/routes.ts';
import { lifeOf } from '#server/pki/authority.ts';
import type { Secrets } from '#server/secrets.ts';
import type { FleetState } from '#server/state.ts';
import type { IngressView } from '#wire/ingress-views.ts';
import type { Book, StoredCertificate, StoredTrouble } from './book.ts';
import type { WantedHosts } from './wanted.ts';

export interface IngressViewParts {
  readonly state: Pick<FleetState, 'policy' | 'now'>;
  readonly book: Pick<Book, 'certificates' | 'troubles'>;
  readonly wanted: WantedHosts;
  readonly secrets: Pick<Secrets, 'value'>;
}

/** All host names, where they lead and how it stands with their certificates. */
export async function ingressView({
  state,
  book,
  wanted,
  secrets,
}: IngressViewParts): Promise<readonly IngressView[]> {
  const [certificates, troubles] = await Promise.all([book.certificates(), book.troubles()]);
  const given = await givenEnds(wanted.routes, secrets);
  const asked = state.policy.fleet.ingress?.acme !== undefined;
  const row = (route: IngressRoute, host: string, sentTo?: string): IngressView =>
    present({
      ...{ host, path: route.pathPrefix, app: route.app, service: route.service, tls: route.tls.kind },
      ...(sentTo === undefined ? { port: route.port } : { sentTo }),
      replicas: route.replicas.length,
      ...standing(route, {
        given,
        now: state.now(),
        asked,
        there: certificates.get(host),
        trouble: troubles.get(host),
      }),
      origin: route.origin,
    });
  return wanted.routes
    .flatMap((route) => [
      ...route.hosts.map((host) => row(route, host)),
      ...route.redirectFrom.map((host) => row(route, host, route.hosts[0])),
    ])
    .sort((a, b) => (a.host + a.path < b.host + b.path ? -1 : 1));
}

interface Known {
  readonly now: number;
  /** When certificates that people brought along end, by the secret's name and version. */
  readonly given: ReadonlyMap<string, number>;
  /** The fleet file says who certifies by ACME. */
  readonly asked: boolean;
  readonly there: StoredCertificate | undefined;
  readonly trouble: StoredTrouble | undefined;
}

function standing(
  { tls }: IngressRoute,
  { now, given, asked, there, trouble }: Known,
): Pick<IngressView, 'certificate' | 'endsAt' | 'problem' | 'nextAt'> {
  if (tls.kind === 'off') return {};
  if (tls.kind === 'given') {
    const endsAt = given.get(tls.cert);
    return present({ certificate: 'given', endsAt, problem: expired(endsAt, now) });
  }
  if (there === undefined) return { problem: 'its certificate is still to come' };
  const { endsAt } = lifeOf(there.certificate);
  const shown = { certificate: there.kind, endsAt };
  const old = present({ problem: expired(endsAt, now) });
  if (tls.kind !== 'auto') return { ...shown, ...old };
  if (!asked)
    return { ...shown, problem: 'the fleet file does not say who certifies: ingress.acme is missing' };
  if (trouble !== undefined) return { ...shown, problem: trouble.what, nextAt: trouble.nextAt };
  return {
    ...shown,
    ...(there.kind === 'acme' ? old : { problem: 'its certificate by ACME is still to come' }),
  };
}

const expired = (endsAt: number | undefined, now: number): string | undefined =>
  endsAt !== undefined && endsAt <= now ? 'its certificate has expired' : undefined;

async function givenEnds(
  routes: readonly IngressRoute[],
  secrets: Pick<Secrets, 'value'>,
): Promise<ReadonlyMap<string, number>> {
  const references = new Set(routes.flatMap(({ tls }) => (tls.kind === 'given' ? [tls.cert] : [])));
  const ends = await Promise.all(
    [...references].map(
      async (reference) => [reference, lifeOf(await secrets.value(reference)).endsAt] as const,
    ),
  );
  return new Map(ends);
}
