import { present } from '#base/present.ts';
import type { Problem } from '#base/result.ts';
import { registryName } from '#compile/registry.ts';
import type { MachineRecord, Policy } from '#plan/model.ts';
import { registryMachine, registryPort } from '#server/registry.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { Origins } from '#spec/model.ts';
import { accessForced, lockOutProblems } from './access-rules.ts';
import type { Control } from './context.ts';
import { deployCommand } from './deploy-command.ts';
import { forceFirewall } from './lock-out.ts';
import { lossProblems } from './needed.ts';

/** A fleet file that is to be applied, and what a person said about what it may cost. */
export interface FleetWish {
  readonly fleet: FleetModel;
  readonly origins: Origins;
  /** Machines that the file no longer asks for. */
  readonly surplus: readonly MachineRecord[];
  /** Names that followed `--force`. */
  readonly force: readonly string[];
}

/** What the fleet would lose by a file, unless a person named what is lost. Empty: nothing. */
export function forceableProblems(control: Control, wish: FleetWish): readonly Problem[] {
  const { policy } = control.state;
  const { fleet, origins, surplus, force } = wish;
  const command = deployCommand(origins);
  const renamed = isRenamed(policy, fleet);
  const moved = registryMove(policy, wish);
  const known = new Set([
    ...[accessForced, forceFirewall],
    ...surplus.map(({ name }) => name),
    ...(renamed ? [policy.fleet.name] : []),
    ...(moved ? [moved.from] : []),
  ]);
  return [
    ...force
      .filter((name) => !known.has(name))
      .map((name) => ({
        code: 'unknown-machine',
        what: `--force ${name}: no machine ${name} would go`,
        fix: 'name machines that the file no longer asks for',
      })),
    ...(renamed && !force.includes(policy.fleet.name) ? [renames(policy, wish, command)] : []),
    ...lossProblems(control, { machines: surplus.filter(({ name }) => !force.includes(name)), command }),
    ...(moved && !force.includes(moved.from) ? [movesRegistry(moved, origins, command)] : []),
    ...lockOutProblems(fleet, policy, { force, command }),
  ];
}

/** As long as it has no machines, nothing bears a fleet's name. */
const isRenamed = ({ fleet: { name }, machines }: Policy, fleet: FleetModel): boolean =>
  fleet.name !== name && Object.keys(machines).length > 0;

function renames({ fleet: { name } }: Policy, { fleet, origins }: FleetWish, command: string): Problem {
  return present({
    code: 'renames-fleet',
    what: `the file is of the fleet ${fleet.name}, and this is the fleet ${name}`,
    why: `${name} has machines, which would be taken for those of ${fleet.name}`,
    fix: `choose the context of the fleet that is meant (ballast context ls), or rename ${name} nonetheless: \`${command} --force ${name}\``,
    at: origins['fleet'],
  });
}

interface RegistryMove {
  readonly from: string;
  readonly to: string;
  /** Apps whose images stay behind. */
  readonly apps: readonly string[];
}

/** A registry that moves comes without its images. One whose machine goes is told of with that machine. */
function registryMove(policy: Policy, { fleet, surplus }: FleetWish): RegistryMove | undefined {
  const from = registryMachine(policy)?.name;
  const going = new Set(surplus.map(({ name }) => name));
  if (from === undefined || going.has(from)) return undefined;
  const machines = Object.fromEntries(Object.entries(policy.machines).filter(([name]) => !going.has(name)));
  const to = fleet.registry.machine ?? registryMachine({ ...policy, fleet, machines })?.name ?? from;
  const apps = Object.values(policy.apps)
    .filter(({ releases }) =>
      Object.values(releases).some(({ model }) =>
        Object.values(model.services).some(({ image }) =>
          image?.startsWith(`${registryName(registryPort)}/`),
        ),
      ),
    )
    .map(({ name }) => name);
  return to === from || apps.length === 0 ? undefined : { from, to, apps };
}

const movesRegistry = ({ from, to, apps }: RegistryMove, origins: Origins, command: string): Problem =>
  present({
    code: 'runs-registry',
    what: `the registry would move from ${from} to ${to} without the images of ${apps.join(', ')}`,
    why: `they are kept on ${from} alone: until they are pushed again no machine could pull them, and past releases are lost for rollback`,
    fix: `leave it on ${from}; or move it, \`${command} --force ${from}\`, and deploy each app again so that its images are pushed to ${to}`,
    at: origins['registry.machine'] ?? origins['registry'],
  });
