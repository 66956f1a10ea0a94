import { expect, test } from 'vitest';
import { must } from '#base/assert.ts';
import type { RegistryFixture } from './fixtures.ts';
import type { FileResource, Resource } from './manifest.ts';
import { registryClientResources, registryResources } from './registry.ts';

const fixture: RegistryFixture = {
  machine: 'app-1',
  port: 5000,
  certificate: 'CERTIFICATE\n',
  keySecret: 'registry-key@1',
  htpasswdSecret: 'registry-push@1',
  pullHtpasswdSecret: 'registry-pull@1',
  pullAuthSecret: 'registry-auth@1',
};

const text = (resources: readonly Resource[], path: string): FileResource => {
  const found = resources.find((resource) => resource.id === `file:${path}`);
  return must(found?.kind === 'file' ? found : undefined, path);
};

test('the process that machines pull from is read-only and knows only the pull account', () => {
  const resources = registryResources(fixture);
  const configuration = text(resources, '/etc/ballast/registry/pull.yml').content;
  expect(configuration).toMatch(/readonly:\n\s+enabled: true/);
  expect(configuration).toMatch(/delete:\n\s+enabled: false/);
  expect(configuration).toContain('addr: :5000\n');
  expect(text(resources, '/etc/ballast/registry/pull.htpasswd').secret).toBe('registry-pull@1');
  expect(text(resources, '/etc/systemd/system/ballast-registry-pull.service').content).not.toContain(
    'ReadWritePaths',
  );
});

test('the process that takes pushes knows only the push account', () => {
  const resources = registryResources(fixture);
  expect(text(resources, '/etc/ballast/registry/push.yml').content).toContain('addr: :5001\n');
  expect(text(resources, '/etc/ballast/registry/push.htpasswd').secret).toBe('registry-push@1');
});

test('keys and accounts are readable by the registry alone, and their values stand nowhere', () => {
  for (const resource of registryResources(fixture)) {
    if (resource.kind !== 'file' || !resource.path.startsWith('/etc/ballast')) continue;
    expect([resource.mode, resource.owner, resource.group]).toEqual([0o640, 'root', 'docker-registry']);
    expect('secret' in resource && 'content' in resource).toBe(false);
  }
});

test("Debian's own unit is off before ours takes its port", () => {
  const resources = registryResources(fixture);
  const own = resources.find((resource) => resource.id === 'unit:docker-registry.service');
  expect(own).toMatchObject({ enabled: false, active: false });
  const ours = must(
    resources.find((resource) => resource.id === 'unit:ballast-registry-pull.service'),
    'unit',
  );
  expect(ours.after).toContain('unit:docker-registry.service');
});

test('everything that a resource comes after is there', () => {
  const resources = registryResources(fixture);
  const ids = new Set(resources.map((resource) => resource.id));
  expect(ids.size).toBe(resources.length);
  for (const resource of resources) for (const before of resource.after) expect(ids).toContain(before);
});

test('a renewed key restarts both processes, a new push account only the one for pushes', () => {
  const stamps = (changed: Partial<RegistryFixture>) =>
    registryResources({ ...fixture, ...changed }).flatMap((resource) =>
      resource.kind === 'unit' && resource.active ? [resource.stamp] : [],
    );
  const [pull, push] = stamps({});
  expect(stamps({ keySecret: 'registry-key@2' })).not.toContain(pull);
  expect(stamps({ keySecret: 'registry-key@2' })).not.toContain(push);
  expect(stamps({ htpasswdSecret: 'registry-push@2' })[0]).toBe(pull);
  expect(stamps({ htpasswdSecret: 'registry-push@2' })[1]).not.toBe(push);
});

test('a machine finds the registry, trusts it and logs in by its address', () => {
  const resources = registryClientResources(fixture, { address: '10.90.0.1', ca: 'CA\n' });
  expect(text(resources, '/etc/containers/registries.conf.d/50-ballast.conf').content).toBe(
    '[[registry]]\nprefix = "registry.internal:5000"\nlocation = "10.90.0.1:5000"\n',
  );
  expect(text(resources, '/etc/containers/certs.d/10.90.0.1:5000/ca.crt').content).toBe('CA\n');
  expect(text(resources, '/etc/ballast/registry-auth.json')).toMatchObject({
    secret: 'registry-auth@1',
    mode: 0o600,
  });
});
