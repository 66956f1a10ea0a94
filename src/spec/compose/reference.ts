import type { Json } from '#base/json.ts';
import { schemaOf } from '#spec/table/json-schema.ts';
import { countOf, referenceOf } from '#spec/table/reference.ts';
import { appKeys, serviceKeys } from './keys/app.ts';

/** docs/reference/compose.md: every key of the Compose Specification and what Ballast does with it. */
export function composeReference(): string {
  const { honoured, refused } = countOf(serviceKeys);
  return `# Compose files

Ballast reads the [Compose Specification](https://compose-spec.io). Every key of it is either *honoured* or
*refused* with a reason and what to use instead; a key that is neither is an error. Nothing is ignored silently, but
keys that begin with \`x-\`, which the specification leaves to others. Of the keys of a service ${honoured} are honoured
and ${refused} refused. This page is made from the table that the loader itself reads.

- **Variables**: \`$A\`, \`\${A}\`, \`\${A:-default}\`, \`\${A-default}\`, \`\${A:?message}\`, \`\${A?message}\`, \`\${A:+other}\`,
  \`\${A+other}\`, and \`$$\` for a dollar sign. Values come from the environment, then from \`.env\` beside the first file.
- **Several files** (\`-f a -f b\`): mappings are merged, lists appended; \`command\`, \`entrypoint\` and \`healthcheck.test\`
  replaced; entries of \`ports\`, \`volumes\`, \`secrets\`, \`configs\` and \`environment\` that mean the same thing replaced.
  \`!reset\` takes a value away, \`!override\` replaces it whole.
- **Paths** are seen from the first file's directory; in files named by \`extends\` or \`include\` from their own.
- **Durations**: \`500ms\`, \`10s\`, \`1m30s\`, \`2h\`. **Sizes**: \`64m\`, \`1.5g\`; units are binary.
- Where a key has a short and a long form, the table shows the long one.

${referenceOf(appKeys, 'Top level')}
`;
}

/** The JSON Schema of Compose files as Ballast takes them, draft 2020-12. */
export const composeSchema = (): Json =>
  schemaOf(appKeys, { id: 'ballast:compose', title: 'Compose file, as Ballast takes it' });
