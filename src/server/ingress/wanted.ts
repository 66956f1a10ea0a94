import { type IngressRoute, ingressRoutes } from '#compile/ingress/routes.ts';
import { placedReplicas } from '#compile/view.ts';
import type { Plan, Policy } from '#plan/model.ts';
import { namesOf } from '#spec/ingress-model.ts';

export interface WantedHosts {
  readonly routes: readonly IngressRoute[];
  /** Names that need a certificate of ours, sorted. */
  readonly internal: readonly string[];
  /** Names that need one by ACME, sorted. */
  readonly acme: readonly string[];
}

/** What the plan asks of certificates; the same object as long as neither policy nor plan changed. */
export function createWanted(): (policy: Policy, plan: Plan) => WantedHosts {
  let known: { readonly policy: Policy; readonly plan: Plan; readonly wanted: WantedHosts } | undefined;
  return (policy, plan) => {
    if (known?.policy === policy && known.plan === plan) return known.wanted;
    const routes = ingressRoutes(policy, plan, placedReplicas(policy, plan));
    const named = (kind: string): readonly string[] =>
      [...new Set(routes.filter(({ tls }) => tls.kind === kind).flatMap(namesOf))].sort();
    known = { policy, plan, wanted: { routes, internal: named('internal'), acme: named('auto') } };
    return known.wanted;
  };
}
