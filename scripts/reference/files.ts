import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeReference, composeSchema } from '#spec/compose/reference.ts';
import { fleetReference, fleetSchema } from '#spec/fleet/reference.ts';
import { openapiDocument } from '#wire/openapi.ts';
import { cliReference } from './cli.ts';
import { errorReference } from './errors.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string;
};

/** Every file of docs/reference that is generated, by its name there. A test compares them with what is committed. */
export async function referenceFiles(): Promise<Readonly<Record<string, string>>> {
  return {
    'compose.md': composeReference(),
    'fleet.md': fleetReference(),
    'cli.md': await cliReference(),
    'errors.md': errorReference(),
    'schemas/compose.schema.json': json(composeSchema()),
    'schemas/fleet.schema.json': json(fleetSchema()),
    'openapi.json': json(openapiDocument(version)),
  };
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
