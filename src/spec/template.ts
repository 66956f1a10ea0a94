/** Files with `{{name}}` in them, filled in for each machine. */

const variable = /\{\{\s*([^{}\s]+)\s*\}\}/g;

/** Names that stand in a template. */
export const variablesOf = (text: string): readonly string[] =>
  [...text.matchAll(variable)].map(([, name = '']) => name);

/** The text with the values put in; what has none becomes nothing. */
export const fillTemplate = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replaceAll(variable, (_, name: string) => (Object.hasOwn(values, name) ? (values[name] ?? '') : ''));

/** Variables that every machine has, beside `labels.KEY`. */
export const machineVariables: readonly string[] = [
  'machine.name',
  'machine.address',
  'machine.index',
  'machine.pool',
  'fleet.name',
];
