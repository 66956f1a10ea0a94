import { assert } from '#base/assert.ts';
import type { Operation } from './operation.ts';

/** An operation as an HTTP request. */
export interface WireRequest {
  readonly method: Operation['method'];
  /** With the query. */
  readonly path: string;
  /** JSON text; absent for methods without a body. */
  readonly body?: string;
}

/** Names of a path's parameters, in order. */
export const pathParameters = (path: string): readonly string[] =>
  [...path.matchAll(/:([a-z]+)/gi)].map((match) => match[1] ?? '');

/** Fills in a path's parameters. */
export function fillPath(path: string, input: Readonly<Record<string, unknown>>): string {
  return path.replace(/:([a-z]+)/gi, (_, name: string) => {
    const value = input[name];
    assert(typeof value === 'string' && value !== '', `the path parameter ${name} is missing`);
    return encodeURIComponent(value);
  });
}

export function requestOf(operation: Operation, fields: object): WireRequest {
  const input = fields as Readonly<Record<string, unknown>>;
  const inPath = new Set(pathParameters(operation.path));
  const rest = Object.entries(input).filter(([name, value]) => !inPath.has(name) && value !== undefined);
  const path = fillPath(operation.path, input);
  if (operation.method === 'POST' || operation.method === 'PUT') {
    return { method: operation.method, path, body: JSON.stringify(Object.fromEntries(rest)) };
  }
  const query = new URLSearchParams(
    rest.flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((item): [string, string] => [name, String(item)]),
    ),
  ).toString();
  return { method: operation.method, path: query === '' ? path : `${path}?${query}` };
}
