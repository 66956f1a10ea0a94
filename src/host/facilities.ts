import { createContainers } from './containers.ts';
import { createDirectories } from './directories.ts';
import type { Facilities, HostContext } from './facility.ts';
import { createFiles } from './files.ts';
import { createFirewalls } from './firewall.ts';
import { createGroups } from './groups.ts';
import { createImages } from './images.ts';
import type { JobBook } from './jobs.ts';
import { createMesh } from './mesh.ts';
import { createModules } from './modules.ts';
import { createNetworks } from './network.ts';
import { createPackages } from './packages.ts';
import { createSwaps } from './swap.ts';
import { createSysctls } from './sysctl.ts';
import { createTimezones } from './timezone.ts';
import { createTrust } from './trust.ts';
import { createUnits } from './units.ts';
import { createUsers } from './users.ts';
import { createVolumes } from './volumes.ts';

/** The table of everything a machine can hold, one facility a kind. */
export const createFacilities = (context: HostContext, jobs: JobBook) =>
  ({
    directory: createDirectories(),
    file: createFiles(context),
    package: createPackages(context),
    group: createGroups(),
    user: createUsers(),
    sysctl: createSysctls(),
    module: createModules(),
    timezone: createTimezones(),
    swap: createSwaps(),
    trust: createTrust(),
    image: createImages(context),
    volume: createVolumes(context),
    mesh: createMesh(),
    firewall: createFirewalls(context),
    network: createNetworks(),
    unit: createUnits(),
    container: createContainers(jobs),
  }) satisfies Facilities;
