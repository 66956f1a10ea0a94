import { join } from 'node:path';
import { type LocalFleet, localFleet } from './fleet.ts';
import { cache, data, executable } from './places.ts';

/**
 * The fleet of `npm run demo`: three machines on this computer, a context named `demo`. BALLAST_DEMO_NETWORK gives it
 * another network where 10.90.0.0/24 is taken.
 */
export function demoFleet(): LocalFleet {
  return localFleet({
    name: 'demo',
    home: join(data, 'demo'),
    cache,
    executable,
    network: process.env['BALLAST_DEMO_NETWORK'] ?? '10.90.0.0/24',
    machines: 3,
    port: 7700,
  });
}
