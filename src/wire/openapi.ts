import { z } from 'zod';
import { errorTable } from '#base/errors.ts';
import type { Operation } from './operation.ts';
import { type OperationName, operations, sockets } from './operations.ts';
import { pathParameters } from './request.ts';
import { inputSchemas, outputSchemas } from './schemas.ts';

type Schema = Readonly<Record<string, unknown>>;

interface Objects {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** The OpenAPI 3.1 document of the whole API, derived from the table of operations. */
export function openapiDocument(version: string): Schema {
  const { input, output, components } = jsonSchemas();
  const paths: Record<string, Record<string, Schema>> = {};
  for (const [name, operation] of Object.entries(operations) as [OperationName, Operation][]) {
    const path = operation.path.replace(/:([a-z]+)/gi, '{$1}');
    paths[path] = {
      ...paths[path],
      [operation.method.toLowerCase()]: describe(name, operation, {
        input: input[name],
        output: output[name],
      }),
    };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Ballast',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: `Besides these operations there are two WebSockets: ${sockets.agent} for agents and ${sockets.exec} for a command in a replica.`,
    },
    security: [{ certificate: [] }, { token: [] }],
    paths,
    components: {
      securitySchemes: {
        certificate: { type: 'mutualTLS', description: 'A client certificate of the fleet’s authority' },
        token: { type: 'http', scheme: 'bearer' },
      },
      schemas: { ...components, Error: errorSchema },
    },
  };
}

const errorSchema: Schema = {
  type: 'object',
  required: ['code', 'what'],
  properties: {
    code: { type: 'string', enum: Object.keys(errorTable) },
    what: { type: 'string', description: 'What is wrong, naming the thing acted on' },
    why: { type: 'string' },
    fix: { type: 'string', description: 'What to do next' },
    log: { type: 'array', items: { type: 'string' } },
    problems: { type: 'array', items: { $ref: '#/components/schemas/Problem' } },
  },
};

function describe(
  name: OperationName,
  operation: Operation,
  { input, output }: { input: Objects; output: Schema },
): Schema {
  const inPath = new Set(pathParameters(operation.path));
  const properties = Object.entries(input.properties ?? {});
  const required = new Set(input.required);
  const rest = properties.filter(([property]) => !inPath.has(property));
  const hasBody = operation.method === 'POST' || operation.method === 'PUT';
  const parameters = properties
    .filter(([property]) => inPath.has(property) || !hasBody)
    .map(([property, schema]) => ({
      name: property,
      in: inPath.has(property) ? 'path' : 'query',
      required: required.has(property),
      schema,
    }));
  const body: Schema = {
    type: 'object',
    properties: Object.fromEntries(rest),
    required: rest.map(([property]) => property).filter((property) => required.has(property)),
    additionalProperties: false,
  };
  const media = operation.kind === 'stream' ? 'application/x-ndjson' : 'application/json';
  return {
    operationId: name,
    summary: operation.summary,
    ...(operation.role === 'token' ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(hasBody
      ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } }
      : {}),
    responses: {
      200: {
        description: operation.kind === 'stream' ? 'One JSON object per line' : 'Done',
        content: { [media]: { schema: output } },
      },
      default: {
        description: 'What went wrong, why, and what to do',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

function jsonSchemas(): {
  readonly input: Readonly<Record<OperationName, Objects>>;
  readonly output: Readonly<Record<OperationName, Schema>>;
  readonly components: Readonly<Record<string, Schema>>;
} {
  const components: Record<string, Schema> = {};
  const convert = (schema: z.ZodType): Schema => {
    const { $defs, $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' });
    for (const [id, definition] of Object.entries($defs ?? {}))
      components[id] = { ...definition, id: undefined };
    return rest;
  };
  const all = (schemas: Readonly<Record<string, z.ZodType>>) =>
    Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, convert(schema)]));
  const made = { input: all(inputSchemas), output: all(outputSchemas), components };
  // Shared parts move from each schema's own $defs to the document's components; the text replaces all references.
  const moved = JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/');
  return JSON.parse(moved) as ReturnType<typeof jsonSchemas>;
}
