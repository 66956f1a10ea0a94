import { heading, table } from './markdown.ts';

/** The part of JSON Schema that the tables show. */
export interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** A page with one table row per key of a schema, however deep: `machines.NAME.size.cpus`. */
export function schemaReference(title: string, intro: string, schema: Schema): string {
  const rows = keysOf(schema, '', schema, 0);
  return [heading(1, title), intro, table(['key', 'value', 'default', 'meaning'], rows), ''].join('\n\n');
}

const depthMax = 8;

function keysOf(given: Schema, path: string, root: Schema, depth: number): readonly (readonly string[])[] {
  const schema = resolve(given, root);
  if (depth > depthMax) return [];
  const named = Object.entries(schema.properties ?? {}).flatMap(([key, value]) =>
    rowsOf(value, path === '' ? key : `${path}.${key}`, root, depth, schema.required?.includes(key) ?? false),
  );
  const free = schema.additionalProperties;
  const any =
    typeof free === 'object' ? rowsOf(free, path === '' ? 'NAME' : `${path}.NAME`, root, depth, false) : [];
  const list = schema.items === undefined ? [] : keysOf(schema.items, `${path}[]`, root, depth + 1);
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return [...named, ...any, ...list, ...choices.flatMap((choice) => keysOf(choice, path, root, depth + 1))];
}

function rowsOf(
  given: Schema,
  path: string,
  root: Schema,
  depth: number,
  required: boolean,
): readonly (readonly string[])[] {
  const schema = resolve(given, root);
  const fallback =
    schema.default === undefined ? (required ? 'required' : '') : `\`${JSON.stringify(schema.default)}\``;
  const row = [`\`${path}\``, kindOf(schema, root), fallback, schema.description ?? ''];
  return [row, ...keysOf(schema, path, root, depth + 1)];
}

function resolve(schema: Schema, root: Schema): Schema {
  const name = schema.$ref?.replace('#/$defs/', '');
  const target = name === undefined ? undefined : root.$defs?.[name];
  return target === undefined
    ? schema
    : { ...target, ...(schema.description ? { description: schema.description } : {}) };
}

function kindOf(given: Schema, root: Schema): string {
  const schema = resolve(given, root);
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${String(one)}\``).join(', ');
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (choices.length > 0) return [...new Set(choices.map((choice) => kindOf(choice, root)))].join(' or ');
  if (schema.items !== undefined) return `list of ${kindOf(schema.items, root)}`;
  if (schema.properties !== undefined || schema.type === 'object') return 'mapping';
  return typeof schema.type === 'string' ? schema.type : (schema.type ?? ['anything']).join(' or ');
}
