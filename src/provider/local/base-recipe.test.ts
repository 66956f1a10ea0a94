import { describe, expect, test } from 'vitest';
import { baseFiles, basePackages, disabledUnits, maskedUnits } from './base-recipe.ts';

describe('the base image', () => {
  test.each([
    ['packages', basePackages],
    ['disabled units', disabledUnits],
    ['masked units', maskedUnits],
    ['files', baseFiles.map(({ path }) => path)],
  ])('names no %s twice', (_, names) => {
    expect(names).toEqual([...new Set(names)]);
  });

  test('holds no identity and no secret', () => {
    const paths = baseFiles.map(({ path }) => path);
    expect(
      paths.filter((path) => /^\/etc\/(machine-id|hostname|shadow)|ssh_host_|authorized_keys/.test(path)),
    ).toEqual([]);
  });

  test('leaves systemd-logind and the journal alone: without them a machine neither reboots nor remembers', () => {
    const off = [...disabledUnits, ...maskedUnits];
    expect(
      off.filter((unit) =>
        /logind|journald|journal-flush|networkd\.service|resolved|ssh\.service/.test(unit),
      ),
    ).toEqual([]);
  });
});
