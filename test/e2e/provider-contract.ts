import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MachineOrder, Provider } from '#provider/port.ts';
import { patient, quiet } from './provider-lab.ts';

export interface Subject {
  readonly provider: Provider;
  order(number: number): MachineOrder;
  /** Something that differs after every boot of the machine. */
  bootId(name: string): Promise<string>;
  cleanUp(): Promise<void>;
}

/** What every provider that makes machines must do. */
export function providerContract(kind: string, subject: Subject): void {
  const { provider, order, bootId } = subject;
  const create = (number: number) => provider.create(order(number), quiet, patient);
  const states = async (): Promise<string[]> =>
    (await provider.list(patient)).map(({ name, address, state }) => `${name} ${address} ${state}`);
  const shown = (number: number, state: string): string =>
    `${order(number).name} ${order(number).address} ${state}`;

  describe(`a provider of kind ${kind}`, () => {
    beforeAll(() => subject.cleanUp());
    afterAll(() => subject.cleanUp());

    test('has no machines at first, and destroying one that never was succeeds', async () => {
      expect(await states()).toEqual([]);
      await provider.destroy('never-was', patient);
    });

    test('makes a machine that runs', async () => {
      const { name, address } = order(1);
      expect(await create(1)).toEqual({ name, address, state: 'running', held: false });
      expect(await states()).toEqual([shown(1, 'running')]);
    });

    test('making it again changes nothing', async () => {
      const boot = await bootId(order(1).name);
      await Promise.all([create(1), create(1)]);
      expect(await bootId(order(1).name)).toBe(boot);
      expect(await states()).toEqual([shown(1, 'running')]);
    });

    test('makes several at once', async () => {
      await Promise.all([create(2), create(3)]);
      expect(await states()).toEqual([1, 2, 3].map((number) => shown(number, 'running')));
    });

    test('refuses an address that another machine has', async () => {
      const clash = { ...order(4), address: order(1).address };
      await expect(provider.create(clash, quiet, patient)).rejects.toMatchObject({ code: 'conflict' });
      await expect(
        provider.create({ ...order(1), address: order(4).address }, quiet, patient),
      ).rejects.toMatchObject({ code: 'conflict' });
      expect(await states()).toHaveLength(3);
    });

    test('destroys a machine for good, and again', async () => {
      await provider.destroy(order(3).name, patient);
      await provider.destroy(order(3).name, patient);
      expect(await states()).toEqual([1, 2].map((number) => shown(number, 'running')));
    });

    test('stops on a signal, and finishes when asked again', async () => {
      const stop = new AbortController();
      const made = provider.create(order(3), quiet, stop.signal);
      setTimeout(() => stop.abort(), 150);
      await expect(made).rejects.toMatchObject({ code: 'interrupted' });
      await create(3);
      expect(await states()).toContain(shown(3, 'running'));
    });
  });

  const { power } = provider;
  describe.skipIf(!power)(`the power of a machine of kind ${kind}`, () => {
    const { name } = order(1);
    beforeAll(async () => {
      await create(1);
    });
    afterAll(() => subject.cleanUp());

    test('reboots: the machine was down in between', async () => {
      const boot = await bootId(name);
      await power?.reboot(name, patient);
      expect(await bootId(name)).not.toBe(boot);
      expect(await states()).toEqual([shown(1, 'running')]);
    });

    test.each(['off', 'cut'] as const)('goes %s, also when it is already, and on again', async (way) => {
      await power?.[way](name, patient);
      expect(await states()).toEqual([shown(1, 'stopped')]);
      await power?.[way](name, patient);
      await power?.on(name, patient);
      await power?.on(name, patient);
      expect(await states()).toEqual([shown(1, 'running')]);
    });

    test.each(['off', 'cut'] as const)('stays %s until it is put on, whoever restores it', async (way) => {
      const held = async () => (await provider.list(patient)).map((machine) => machine.held);
      expect(await power?.restore(name, patient)).toBe(false);
      await power?.[way](name, patient);
      expect(await held()).toEqual([true]);
      expect(await power?.restore(name, patient)).toBe(false);
      expect(await states()).toEqual([shown(1, 'stopped')]);
      await power?.on(name, patient);
      expect(await held()).toEqual([false]);
    });

    test('comes on when the machine is made again', async () => {
      await power?.cut(name, patient);
      await create(1);
      expect(await states()).toEqual([shown(1, 'running')]);
    });

    test.each(['off', 'cut', 'on', 'restore', 'reboot', 'partition', 'heal'] as const)(
      'cannot go %s without the machine',
      async (way) => {
        await expect((async () => power?.[way]('never-was', patient))()).rejects.toMatchObject({
          code: 'not-found',
        });
      },
    );
  });
}
