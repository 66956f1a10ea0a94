import type { Json } from '#base/json.ts';
import type { Key, Keys, Shape } from './shape.ts';

type Schema = { readonly [key: string]: Json };

/** A value that holds a variable: what it becomes is known only when the file is loaded. */
const variable: Schema = { type: 'string', pattern: '\\$' };

const nothing: Schema = { type: 'null' };

/** A table of keys as JSON Schema, draft 2020-12, for editors. `required` of the top level is left to loading. */
export function schemaOf(keys: Keys, about: { readonly id: string; readonly title: string }): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: about.id,
    title: about.title,
    ...objectSchema(keys, false),
  };
}

function objectSchema(keys: Keys, withRequired: boolean): Schema {
  const required = Object.entries(keys)
    .filter(([, key]) => key.status === 'honoured' && key.required === true)
    .map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, keySchema(key)])),
    patternProperties: { '^x-': {} },
    additionalProperties: false,
    ...(withRequired && required.length > 0 ? { required } : {}),
  };
}

function keySchema(key: Key): Schema {
  if (key.status === 'refused') {
    return { description: `Refused: ${key.why}. Instead: ${key.instead}.`, not: {} };
  }
  const schema = shapeSchema(key.shape);
  return {
    description: `${upperFirst(key.means)}.${key.byDefault === undefined ? '' : ` Default: ${key.byDefault}.`}`,
    ...(key.required ? schema : anyOf(schema, nothing)),
    ...(key.example === undefined ? {} : { examples: [key.example] }),
  };
}

const upperFirst = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Alternatives in one list, however deep they were nested. */
function anyOf(...schemas: readonly Schema[]): Schema {
  const flat = schemas.flatMap((schema) => {
    const inner = schema['anyOf'];
    return Array.isArray(inner) && Object.keys(schema).length === 1 ? (inner as readonly Schema[]) : [schema];
  });
  return flat.length === 1 ? (flat[0] ?? {}) : { anyOf: flat };
}

function shapeSchema(shape: Shape): Schema {
  switch (shape.kind) {
    case 'text': {
      const pattern = shape.pattern === undefined ? {} : { pattern: shape.pattern.source };
      const text: Schema = { type: shape.orNumber ? ['string', 'number'] : 'string', ...pattern };
      return shape.pattern === undefined ? text : anyOf(text, variable);
    }
    case 'boolean':
      return anyOf({ type: 'boolean' }, { enum: ['true', 'false'] }, variable);
    case 'integer':
    case 'number': {
      const { min, max } = shape;
      const range = {
        ...(min === undefined ? {} : { minimum: min }),
        ...(max === undefined ? {} : { maximum: max }),
      };
      return anyOf({ type: shape.kind, ...range }, { type: 'string', pattern: '^[-+]?[0-9.]+$' }, variable);
    }
    case 'size':
      return anyOf(
        { type: 'integer' },
        { type: 'string', pattern: '^-?[0-9.]+ *[bkmgtBKMGT]?i?[bB]?$' },
        variable,
      );
    case 'duration':
      return anyOf(
        { type: 'string', pattern: '^(0|([0-9.]+(ns|us|µs|ms|s|m|h|d))+)$' },
        { const: 0 },
        variable,
      );
    case 'choice':
      return anyOf({ enum: shape.values }, variable);
    case 'command':
      return anyOf({ type: 'string' }, { type: 'array', items: { type: 'string' } });
    case 'list': {
      const of = shapeSchema(shape.of);
      const list: Schema = { type: 'array', items: of };
      return shape.orOne ? anyOf(list, of) : list;
    }
    case 'map':
      return mapSchema(shape);
    case 'pairs':
      return anyOf(
        { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean', 'null'] } },
        { type: 'array', items: { type: 'string' } },
      );
    case 'hosts':
      return anyOf(
        {
          type: 'object',
          additionalProperties: anyOf({ type: 'string' }, { type: 'array', items: { type: 'string' } }),
        },
        { type: 'array', items: { type: 'string' } },
      );
    case 'object': {
      const object = objectSchema(shape.keys, true);
      return anyOf(
        object,
        ...(shape.short === undefined ? [] : [{ type: 'string' }]),
        ...(shape.orNothing ? [nothing] : []),
      );
    }
    case 'either':
      return anyOf(...shape.of.map(shapeSchema));
    case 'anything':
      return {};
  }
}

/** The pattern of a name, but for the names that begin with `x-`, which are left to others. */
const notExtension = (names: RegExp): string => names.source.replace(/^\^/, '^(?!x-)');

function mapSchema(shape: Extract<Shape, { kind: 'map' }>): Schema {
  const of = shapeSchema(shape.of);
  const map: Schema =
    shape.names === undefined
      ? { type: 'object', additionalProperties: of }
      : {
          type: 'object',
          patternProperties: { '^x-': {}, [notExtension(shape.names)]: of },
          additionalProperties: false,
        };
  return shape.orList ? anyOf(map, { type: 'array', items: { type: 'string' } }) : map;
}
