import { BallastError } from '#base/errors.ts';
import type { Problem } from '#base/result.ts';
import { keptVolumes } from '#plan/machines/on-loss.ts';
import type { MachineRecord, Plan, Policy, Waiting } from '#plan/model.ts';
import { registryMachine } from '#server/registry.ts';
import { settle } from '#server/simulate.ts';
import { isMade } from '#spec/fleet-model.ts';
import type { Control } from './context.ts';

export interface Going {
  readonly machines: readonly MachineRecord[];
  /** The command that makes them go, which `--force NAME` may follow. */
  readonly command: string;
  /** Another machine of the same name comes in its place. */
  readonly replaced?: boolean;
}

/** What the fleet would lose with machines that are to go: data, the registry, the server, room. Empty: nothing. */
export function lossProblems(control: Control, going: Going): readonly Problem[] {
  const own = going.machines.flatMap((machine) => ownProblems(control, machine, going));
  if (going.replaced || going.machines.length === 0) return own;
  const all = wholeFleet(control.state.policy, going);
  return [...own, ...(all.length > 0 ? all : roomProblems(control, going))];
}

/** Throws when something would be lost. */
export function refuseLoss(control: Control, going: Going): void {
  const problems = lossProblems(control, going);
  const [first] = problems;
  if (first === undefined) return;
  const { why, fix } = first;
  throw new BallastError(
    first.code === 'does-not-fit' ? 'does-not-fit' : 'refused',
    first.what,
    problems.length > 1
      ? { problems }
      : { ...(why === undefined ? {} : { why }), ...(fix === undefined ? {} : { fix }) },
  );
}

const namesOf = ({ machines }: Going): string => machines.map(({ name }) => name).join(', ');
const forced = ({ command, machines }: Going): string =>
  `\`${command} ${machines.map(({ name }) => `--force ${name}`).join(' ')}\``;

/** What only this machine has. */
function ownProblems(control: Control, machine: MachineRecord, going: Going): readonly Problem[] {
  const { policy, plan } = control.state;
  const { name, provider, address } = machine;
  const force = forced({ ...going, machines: [machine] });
  const volumes = volumesAtRisk(policy, plan, name, going);
  const problems: Problem[] = [];
  if (volumes.length > 0) {
    problems.push({
      code: 'holds-data',
      what: `${name} holds the data of ${volumes.join(', ')}`,
      why: isMade(provider)
        ? 'a volume lives on one machine, and its data would be lost with it'
        : 'a volume lives on one machine: its data would stay behind, and its app begin with an empty one elsewhere',
      fix: `save the data first, then give it up: ${force}`,
    });
  }
  if (hasOthers(policy, going, name) && registryMachine(policy)?.name === name) {
    problems.push({
      code: 'runs-registry',
      what: `${name} runs the fleet’s registry`,
      why: 'the images of all releases are kept there',
      fix: `name another machine in the fleet file and deploy the apps again, or lose them: ${force}`,
    });
  }
  if (control.ownAddresses?.().includes(address)) {
    problems.push({
      code: 'runs-server',
      what: `${name} runs the fleet’s server`,
      why: `${address} is an address of the computer this server runs on`,
      fix: `move the server first, or let it go nonetheless: ${force}`,
    });
  }
  return problems;
}

/** By a replacement a volume that may begin anew is no loss: its app says so. */
const volumesAtRisk = (policy: Policy, plan: Plan, name: string, { replaced }: Going): readonly string[] =>
  replaced
    ? keptVolumes(policy, plan, name)
    : Object.keys(plan.volumes).filter((volume) => plan.volumes[volume] === name);

const staying = (policy: Policy): readonly MachineRecord[] =>
  Object.values(policy.machines).filter(
    ({ leaving, draining }) => leaving === undefined && draining?.then !== 'leave',
  );

const hasOthers = (policy: Policy, { replaced }: Going, name: string): boolean =>
  replaced === true || staying(policy).some((other) => other.name !== name);

/** All machines at once are more likely a mistake in a file than a wish. */
function wholeFleet(policy: Policy, going: Going): readonly Problem[] {
  const names = new Set(going.machines.map(({ name }) => name));
  const left = staying(policy).filter(({ name }) => !names.has(name));
  const runs = Object.values(policy.apps).some(({ wanted }) => wanted !== null);
  if (left.length > 0 || !(runs || names.size > 1)) return [];
  return [
    {
      code: 'last-machine',
      what: `no machine would be left without ${namesOf(going)}`,
      why: runs ? 'apps run on them' : 'a fleet file that names no machine is more likely a mistake',
      fix: `add another machine first, or let them go nonetheless: ${forced(going)}`,
    },
  ];
}

/** Services that fit now and would not any more. */
function roomProblems(control: Control, going: Going): readonly Problem[] {
  const { state, nextPlan } = control;
  const { policy, plan } = state;
  const inventory = control.inventory();
  const waitingIn = (wanted: Policy): readonly Waiting[] =>
    settle({ policy: wanted, inventory, plan, now: state.now() }, nextPlan).plan.waiting;
  const names = new Set(going.machines.map(({ name }) => name));
  const machines = Object.fromEntries(Object.entries(policy.machines).filter(([name]) => !names.has(name)));
  const before = new Set(waitingIn(policy).map(keyOf));
  // Data that stays behind is told by itself.
  const lost = Object.keys(plan.volumes).filter((volume) => names.has(plan.volumes[volume] ?? ''));
  const after = waitingIn({
    ...policy,
    machines,
    droppedVolumes: [...(policy.droppedVolumes ?? []), ...lost],
  });
  const groups = Map.groupBy(
    after.filter((one) => !before.has(keyOf(one)) && !one.what.startsWith('waits for ')),
    (one) => `${one.app}/${one.service}: ${one.what}`,
  );
  return [...groups.values()].map((group): Problem => {
    const [{ app, service, what } = { app: '', service: '', what: '' }] = group;
    const which =
      group.length > 1 ? `${group.length} replicas of ${service} of ${app}` : `${service} of ${app}`;
    return {
      code: 'does-not-fit',
      what: `without ${namesOf(going)} ${which} would find no place: ${what}`,
      fix: `lower its reservations or replicas, keep the machine, or let it go nonetheless: ${forced(going)}`,
    };
  });
}

const keyOf = ({ app, service }: Waiting): string => `${app}/${service}`;
