import { BallastError } from '#base/errors.ts';
import type { MachineRecord } from '#plan/model.ts';
import { agentSeed } from '#provider/agent-seed.ts';
import { createLocalProvider, type LocalProvider } from '#provider/local/local.ts';
import { localNetwork } from '#provider/local/network.ts';
import { urlOf } from './addresses.ts';
import type { ServerDoor } from './door.ts';
import type { Listeners } from './listeners.ts';
import type { MachineMaker } from './loops/machines.ts';
import type { FleetState } from './state.ts';

/** What making machines on this computer needs. Absolute paths. */
export interface LocalSetting {
  readonly stateDir: string;
  /** The base image, shared by all fleets of this computer. */
  readonly cacheDir: string;
  /** The command that runs this program again; it understands `local-supervise DIR`. */
  readonly self: readonly string[];
  /** The one executable, which becomes the machines' agent. */
  readonly executable: string;
}

export interface LocalMachines {
  /** The maker for the fleet as it is described now. */
  readonly maker: (listeners: Listeners, door: ServerDoor) => MachineMaker;
  /** The link by which this computer reaches a machine; undefined for machines elsewhere. */
  readonly linkOf: (machine: MachineRecord) => string | undefined;
}

export function createLocalMachines(
  state: FleetState,
  ca: string,
  setting: LocalSetting | undefined,
): LocalMachines {
  let known:
    | { readonly fleet: string; readonly network: string; readonly provider: LocalProvider }
    | undefined;

  function providerOf(): { readonly provider: LocalProvider; readonly setting: LocalSetting } {
    if (setting === undefined) {
      throw new BallastError('not-supported', 'this server does not make local machines', {
        why: 'it was started without a place for them',
        fix: 'start it with `ballast server`, or use machines that are there: `ballast machine add NAME --ssh`',
      });
    }
    const { name: fleet, network } = state.policy.fleet;
    if (known?.fleet !== fleet || known.network !== network.machines) {
      const { stateDir, cacheDir, self } = setting;
      const provider = createLocalProvider({ fleet, network: network.machines, stateDir, cacheDir, self });
      known = { fleet, network: network.machines, provider };
    }
    return { provider: known.provider, setting };
  }

  return {
    maker(listeners, door) {
      const {
        provider,
        setting: { executable },
      } = providerOf();
      return {
        provider,
        async ready(signal) {
          await provider.network.up(signal);
          await listeners.listen({ host: provider.network.gateway, port: door.port() });
        },
        door: { server: urlOf({ host: provider.network.gateway, port: door.port() }), ca },
        seed: (enrolment) => agentSeed({ enrolment, executable }),
      };
    },
    linkOf(machine) {
      const { name, network } = state.policy.fleet;
      return machine.provider === 'local' ? localNetwork(name, network.machines).link : undefined;
    },
  };
}
