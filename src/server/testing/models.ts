import type { FleetModel } from '#spec/fleet-model.ts';
import type { AppModel, ServiceModel, UpdateModel } from '#spec/model.ts';

export const someDigest = (seed: string): string => seed.repeat(64).slice(0, 64);

const update: UpdateModel = {
  parallelism: 1,
  delayMs: 0,
  order: 'start-first',
  onFailure: 'rollback',
  monitorMs: 0,
  maxFailureRatio: 0,
};

/** A service that asks for nothing special. */
export function someService(name: string, more: Partial<ServiceModel> = {}): ServiceModel {
  return {
    name,
    image: `registry.internal:5000/${name}@sha256:${someDigest('a')}`,
    environment: {},
    groupAdd: [],
    readOnly: false,
    init: false,
    tty: false,
    stdinOpen: false,
    privileged: false,
    capAdd: [],
    capDrop: [],
    securityOpt: [],
    sysctls: {},
    ulimits: {},
    devices: [],
    mounts: [],
    secrets: [],
    configs: [],
    ports: [],
    expose: [],
    networkMode: 'bridge',
    networks: { default: { aliases: [] } },
    dns: [],
    dnsSearch: [],
    dnsOpt: [],
    extraHosts: [],
    restart: { condition: 'any', delayMs: 1_000 },
    stopGraceMs: 10_000,
    labels: {},
    annotations: {},
    dependsOn: [],
    deploy: {
      mode: 'replicated',
      replicas: 1,
      limits: {},
      reservations: {},
      update,
      rollback: update,
      constraints: [],
      spread: [],
      endpointMode: 'vip',
      labels: {},
    },
    ...more,
  };
}

export function someApp(
  name: string,
  services: readonly ServiceModel[],
  more: Partial<AppModel> = {},
): AppModel {
  return {
    name,
    services: Object.fromEntries(services.map((service) => [service.name, service])),
    networks: { default: { name: `${name}_default`, internal: false, external: false, labels: {} } },
    volumes: {},
    secrets: {},
    configs: {},
    ...more,
  };
}

export const replicas = (service: ServiceModel, count: number): ServiceModel => ({
  ...service,
  deploy: { ...service.deploy, replicas: count },
});

export const someFleet: FleetModel = {
  name: 'acme',
  pools: {},
  network: { machines: '10.90.0.0/16', containers: '10.91.0.0/16' },
  registry: {},
};
