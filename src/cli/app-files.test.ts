import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { answersAt } from './answers-at.ts';
import { appHere, filesHere, filesToRead, isFleetFile, isStandardInput } from './app-files.ts';
import { plain } from './render/paint.ts';
import { appView, machineView, replicaView } from './testing/views.ts';
import { chooseApp, requireSomewhere } from './which-app.ts';

const root = mkdtempSync(join(tmpdir(), 'ballast-files-'));
afterAll(() => rmSync(root, { recursive: true }));

function place(name: string, files: Readonly<Record<string, string>>) {
  const cwd = join(root, name);
  mkdirSync(cwd, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(cwd, file), text);
  return { cwd, env: {} };
}

describe('the files of the current directory', () => {
  test('are looked for as Compose does, with the override', () => {
    const { cwd } = place('a', { 'docker-compose.yml': '', 'compose.yml': '', 'compose.override.yaml': '' });
    expect(filesHere(cwd)).toEqual([join(cwd, 'compose.yml'), join(cwd, 'compose.override.yaml')]);
  });

  test('may be named by COMPOSE_FILE, and -f goes before it', () => {
    const { cwd } = place('b', { 'one.yaml': '', 'two.yaml': '', 'compose.yaml': '' });
    const env = { COMPOSE_FILE: 'one.yaml:two.yaml' };
    expect(filesToRead([], { cwd, env })).toEqual([join(cwd, 'one.yaml'), join(cwd, 'two.yaml')]);
    expect(filesToRead(['two.yaml'], { cwd, env })).toEqual([join(cwd, 'two.yaml')]);
  });

  test('may come on standard input', () => {
    const here = place('d', { 'override.yaml': '' });
    const [first = '', second] = filesToRead(['-', 'override.yaml'], here);
    expect([isStandardInput(first), dirname(first)]).toEqual([true, here.cwd]);
    expect(second).toBe(join(here.cwd, 'override.yaml'));
  });

  test('that are missing are said to be', () => {
    const here = place('c', {});
    expect(() => filesToRead([], here)).toThrow('there is no Compose file here');
    expect(() => filesToRead(['x.yaml'], here)).toThrow('x.yaml does not exist');
    expect(() => filesToRead(['.'], here)).toThrow('. is a directory');
  });
});

test.each([
  ['fleet: demo\nmachines: {}\n', true],
  ['# x\nmachines:\n  a: {}\n', true],
  ['name: x\nservices: {}\n', false],
  ['x-fleet: 1\nservices: {}\n', false],
  ['services:\n  fleet:\n    image: x\n', false],
  ['{"fleet":"demo","network":{"services":"10.0.0.0/16"}}', true],
  ['{"name":"x","services":{"fleet":{"image":"x"}}}', false],
])('%j is a fleet file: %s', (text, expected) => {
  expect(isFleetFile(text)).toBe(expected);
});

describe('the app a command means', () => {
  const shop = appView({ name: 'shop', services: [{ ...appView().services[0], name: 'cart' } as never] });
  const apps = [appView(), shop];
  const nowhere = place('nowhere', {});

  test.each([
    ['-a', { flag: 'shop' }, nowhere, 'shop'],
    ['BALLAST_APP', { flag: undefined }, { ...nowhere, env: { BALLAST_APP: 'shop' } }, 'shop'],
    ['the file here', { flag: undefined }, place('d', { 'compose.yaml': 'name: shop # x\n' }), 'shop'],
    [
      "the directory's name",
      { flag: undefined },
      place('Guest.Book', { 'compose.yaml': 'services: {}\n' }),
      'guestbook',
    ],
    ['the only one with the service', { flag: undefined, services: ['cart'] }, nowhere, 'shop'],
  ])('follows from %s', (_, question, shell, expected) => {
    expect(chooseApp(question, apps, shell).name).toBe(expected);
  });

  test('is never guessed', () => {
    expect(() => chooseApp({ flag: undefined }, apps, nowhere)).toThrow('which app?');
    expect(() => requireSomewhere(apps, ['nope'])).toThrow('no app has a service "nope"');
    expect(() => chooseApp({ flag: 'shp' }, apps, nowhere)).toThrow('there is no app "shp"');
    expect(() => chooseApp({ flag: undefined, services: ['crt'] }, apps, nowhere)).toThrow(
      'no app has a service "crt"',
    );
    expect(() => chooseApp({ flag: 'shop', services: ['web'] }, apps, nowhere)).toThrow(
      'app shop has no service "web"',
    );
    expect(() =>
      chooseApp({ flag: undefined }, apps, place('other', { 'compose.yaml': 'name: other\n' })),
    ).toThrow('there is no app "other"');
  });

  test('is named by its file', () => {
    expect(appHere(place('e', { 'compose.yaml': 'services: {}\nname: "quoted"\n' }))).toBe('quoted');
    expect(appHere(place('json', { 'compose.yaml': '{"services":{},"name":"inside"}' }))).toBe('inside');
    expect(appHere(nowhere)).toBeUndefined();
  });
});

test('where an app answers depends on how its ports are published', () => {
  const port = { target: 8080, published: 80, protocol: 'tcp', mode: 'ingress' } as const;
  const model = {
    services: {
      web: { name: 'web', ports: [port] },
      db: { name: 'db', ports: [{ ...port, target: 5432, published: 5432, mode: 'host' }] },
      dns: {
        name: 'dns',
        ports: [{ ...port, target: 53, published: 53, protocol: 'udp', hostIp: '127.0.0.1' }],
      },
    },
  };
  const machines = [
    ...['1', '2', '3', '4'].map((number) =>
      machineView({ name: `app-${number}`, address: `192.0.2.${number}` }),
    ),
    machineView({ name: 'gone', status: 'offline' }),
  ];
  const replicas = [replicaView({ id: 'guestbook-db-1-r1', machine: 'app-2' })];
  expect(answersAt(model as never, machines, replicas, plain)).toEqual([
    '  web  http://192.0.2.1:80  http://192.0.2.2:80  http://192.0.2.3:80  and 1 more machine',
    '  db   192.0.2.2:5432',
  ]);
});
