import type { Json } from '#base/json.ts';
import { schemaOf } from '#spec/table/json-schema.ts';
import { referenceOf } from '#spec/table/reference.ts';
import { fleetKeys } from './keys.ts';

/** docs/reference/fleet.md: every key of a fleet file. */
export const fleetReference = (): string => `# Fleet files

A fleet file (\`fleet.yaml\`) says which machines there are. Variables (\`\${NAME:-default}\`) work as in Compose files.
Sizes are written \`512m\` or \`2G\`; units are binary. This page is made from the table that the loader itself reads.

    fleet: acme
    machines:
      app: { provider: local, count: 3, labels: { zone: a }, size: { cpus: 2, memory: 2G } }
      db: { provider: ssh, address: root@192.0.2.10 }
    network: { containers: 10.91.0.0/16 }
    registry: { machine: app-1 }

${referenceOf(fleetKeys, 'Top level')}
`;

/** The JSON Schema of fleet files, draft 2020-12. */
export const fleetSchema = (): Json =>
  schemaOf(fleetKeys, { id: 'ballast:fleet', title: 'Ballast fleet file' });
