import type { Problem } from '#base/result.ts';
import { heldIngressPorts, ingressPortsOf } from '#plan/ingress-ports.ts';
import { type Heard, heldPorts, newPorts } from '#plan/listeners.ts';
import { ingressMachines } from '#plan/machines/ingress.ts';
import type { AppPolicy, Plan, Release } from '#plan/model.ts';
import type { Control } from './context.ts';

/** What machines said of the ports that a release would publish beside those that its app publishes already. */
export interface PortHolders {
  readonly problems: (release: Release, plan: Plan) => readonly Problem[];
}

/** Asks machines who has the ports that a model would publish. What a machine does not say is no hindrance. */
export async function askPortHolders(
  { state, listeners }: Pick<Control, 'state' | 'listeners'>,
  release: Pick<Release, 'app' | 'model'>,
): Promise<PortHolders> {
  const before = publishing(state.policy.apps[release.app], state.plan);
  const asked = newPorts(release, before);
  const published = asked.map(({ port }) => ({ protocol: port.protocol, port: port.published }));
  const names = [...published, ...ingressPortsOf(release)];
  const heard: readonly Heard[] = (await listeners?.(names)) ?? [];
  const machines = ingressMachines(state.policy).map(({ name }) => name);
  return {
    problems: (made, plan) => [
      ...heldPorts(made, { asked, heard, plan }),
      ...heldIngressPorts(made, heard, machines),
    ],
  };
}

/** Releases of an app whose ports are led to replicas now. */
function publishing(app: AppPolicy | undefined, { replicas }: Plan): readonly Release[] {
  const running = Object.values(replicas).flatMap((one) => (one.app === app?.name ? [one.release] : []));
  return [...new Set(running)].flatMap((number) => app?.releases[number] ?? []);
}
