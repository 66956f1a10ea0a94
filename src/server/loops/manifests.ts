import type { CompileInput } from '#compile/compile.ts';
import type { Fixtures } from '#compile/fixtures.ts';
import type { Manifest } from '#compile/manifest.ts';
import type { Plan, Policy } from '#plan/model.ts';
import type { AgentConnection } from '#server/agent-connection.ts';
import type { Hub } from '#server/hub.ts';
import type { Log } from '#server/log.ts';
import type { Secrets } from '#server/secrets.ts';
import type { FleetState } from '#server/state.ts';

export type CompileManifest = (input: CompileInput) => Manifest;

export interface ManifestsOptions {
  readonly state: FleetState;
  readonly hub: Hub;
  readonly secrets: Secrets;
  readonly compile: CompileManifest;
  readonly fixtures: () => Promise<Fixtures>;
  readonly epoch: () => number;
  readonly log: Log;
}

interface Sent {
  readonly connection: AgentConnection;
  readonly policy: Policy;
  readonly plan: Plan;
  readonly fixtures: Fixtures;
  readonly epoch: number;
  readonly manifest: string;
}

/** Sends each connected machine its manifest when that is another than the one it was sent on this connection. */
export function createManifests(options: ManifestsOptions): { readonly sync: () => Promise<void> } {
  const { state, hub, log } = options;
  const sent = new Map<string, Sent>();

  async function sendTo(machine: string, connection: AgentConnection, fixtures: Fixtures): Promise<void> {
    const { policy, plan } = state;
    const epoch = options.epoch();
    const last = sent.get(machine);
    const here = last?.connection === connection && last.epoch === epoch ? last : undefined;
    if (here && here.policy === policy && here.plan === plan && here.fixtures === fixtures) return;
    const manifest = options.compile({ policy, plan, machine, fixtures });
    const text = JSON.stringify(manifest);
    sent.set(machine, { connection, policy, plan, fixtures, epoch, manifest: text });
    if (here?.manifest === text) return;
    const values = await secretsOf(manifest, options.secrets);
    hub.send(machine, { kind: 'manifest', epoch, manifest, secrets: values });
  }

  return {
    async sync() {
      const machines = Object.keys(state.policy.machines);
      if (machines.length === 0) return;
      const fixtures = await options.fixtures();
      for (const machine of machines) {
        const connection = hub.connection(machine);
        if (connection === undefined) continue;
        try {
          await sendTo(machine, connection, fixtures);
        } catch (cause) {
          sent.delete(machine);
          log.error('a manifest could not be made', cause, { machine, plan: state.plan.number });
        }
      }
    },
  };
}

/** Values of the secrets that the manifest's resources name, and of no other. */
async function secretsOf(manifest: Manifest, secrets: Secrets): Promise<Record<string, string>> {
  const names = new Set(
    manifest.resources.flatMap((resource) =>
      resource.kind === 'file' && resource.secret !== undefined ? [resource.secret] : [],
    ),
  );
  const values: Record<string, string> = {};
  for (const name of [...names].sort()) values[name] = await secrets.value(name);
  return values;
}
