import { expect, test } from 'vitest';
import { openapiDocument } from './openapi.ts';
import { operations } from './operations.ts';

interface Document {
  readonly paths: Record<string, Record<string, { operationId: string }>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}

const document = openapiDocument('0.0.0') as unknown as Document;

test('every operation of the table is in the document, and nothing else', () => {
  const described = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map((operation) => operation.operationId),
  );
  expect(described.sort()).toEqual(Object.keys(operations).sort());
});

test('every reference points at something', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]);
  expect(references.length).toBeGreaterThan(5);
  for (const reference of new Set(references)) {
    expect(reference).toMatch(/^#\/components\/schemas\//);
    expect(Object.keys(document.components.schemas)).toContain(reference?.split('/').at(-1));
  }
});

test('what is optional is not required, and what is in the path is no part of the body', () => {
  const post = document.paths['/v1/apps/{app}/releases']?.['post'] as unknown as {
    parameters: { name: string; in: string; required: boolean }[];
    requestBody: { content: Record<string, { schema: { required: string[]; properties: object } }> };
  };
  expect(post.parameters.map(({ name, in: where, required }) => [name, where, required])).toEqual([
    ['app', 'path', true],
  ]);
  const { schema } = post.requestBody.content['application/json'] ?? {};
  expect(schema?.required).toEqual(['model', 'origins', 'note', 'secretValues']);
  expect(Object.keys(schema?.properties ?? {})).toContain('ifRelease');
  expect(Object.keys(schema?.properties ?? {})).not.toContain('app');
});
