import { expect, test } from 'vitest';
import { fillTemplate, variablesOf } from './template.ts';

test('a template is filled with what the machine is', () => {
  const text = 'name={{machine.name}} zone={{ labels.zone }} none={{labels.none}} {kept} ${kept}';
  expect(variablesOf(text)).toEqual(['machine.name', 'labels.zone', 'labels.none']);
  expect(fillTemplate(text, { 'machine.name': 'app-1', 'labels.zone': 'a' })).toBe(
    'name=app-1 zone=a none= {kept} ${kept}',
  );
});

test('a value is put in as it is', () => {
  expect(fillTemplate('{{a}}', { a: '$& {{a}}' })).toBe('$& {{a}}');
});
