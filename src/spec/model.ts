import type { Origin } from '#base/result.ts';
import type { BlockIoModel } from './block-io-model.ts';
import type { IngressModel } from './ingress-model.ts';
import type { AttachmentModel, NetworkModel } from './network-model.ts';
import type { TrafficRuleModel } from './traffic-model.ts';

/**
 * The normalised app: what a Compose project means, with every default filled in and every short form spelled
 * out. Two files that mean the same give equal models, which is how Ballast knows that nothing changed.
 * Durations are milliseconds, sizes are bytes. Absent optional fields mean "as the image says".
 */
export interface AppModel {
  readonly name: string;
  readonly services: Readonly<Record<string, ServiceModel>>;
  readonly networks: Readonly<Record<string, NetworkModel>>;
  readonly volumes: Readonly<Record<string, VolumeModel>>;
  readonly secrets: Readonly<Record<string, SecretModel>>;
  readonly configs: Readonly<Record<string, ConfigModel>>;
}

/** Where each part of a model was written. Keys are dotted paths: `services.web.ports.0`. */
export type Origins = Readonly<Record<string, Origin>>;

export interface ServiceModel {
  readonly name: string;
  /** As written until the release pins it to `name@sha256:…`; absent while only `build` is given. */
  readonly image?: string;
  readonly build?: BuildModel;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly groupAdd: readonly string[];
  readonly workingDir?: string;
  readonly hostname?: string;
  readonly readOnly: boolean;
  readonly init: boolean;
  readonly tty: boolean;
  readonly stdinOpen: boolean;
  readonly privileged: boolean;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly securityOpt: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** -1: no limit. */
  readonly ulimits: Readonly<Record<string, { readonly soft: number; readonly hard: number }>>;
  readonly devices: readonly DeviceModel[];
  readonly shmSizeBytes?: number;
  readonly pidsLimit?: number;
  /** Memory and swap together, in bytes; -1: swap without limit. */
  readonly memorySwapBytes?: number;
  readonly cpuShares?: number;
  /** Cores it may run on: `0-3,6`. */
  readonly cpuset?: string;
  readonly blockIo?: BlockIoModel;
  /** Rules of the device controller: `c 188:* rmw`. */
  readonly deviceCgroupRules?: readonly string[];
  /** Namespaces that differ from the usual; absent: a private one. */
  readonly userns?: 'host';
  readonly ipc?: 'host' | 'none' | 'shareable';
  readonly pid?: 'host';
  readonly uts?: 'host';
  readonly cgroup?: 'host';
  /** `linux/arm64`: runs only on machines of this architecture. */
  readonly platform?: string;
  /** `always`: the tag is looked up at every deploy; `build`: built at every deploy. Absent: when it is missing. */
  readonly pullPolicy?: 'always' | 'build';
  readonly oomScoreAdj?: number;
  readonly mounts: readonly MountModel[];
  readonly secrets: readonly GrantModel[];
  readonly configs: readonly GrantModel[];
  readonly ports: readonly PortModel[];
  readonly expose: readonly string[];
  /** `service`: its replicas have no network of their own; each shares that of a replica of `networkOf`. */
  readonly networkMode: 'bridge' | 'host' | 'none' | 'service';
  readonly networkOf?: string;
  readonly networks: Readonly<Record<string, AttachmentModel>>;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOpt: readonly string[];
  readonly extraHosts: readonly { readonly name: string; readonly address: string }[];
  /** Compose's own check: a command run inside the container. Absent: the image's own, if it has one. */
  readonly healthcheck?: HealthcheckModel | 'disabled';
  /** `x-ballast.health`: an HTTP path the agent asks from outside; nothing is needed in the image. */
  readonly probe?: ProbeModel;
  readonly restart: RestartModel;
  readonly stopSignal?: string;
  readonly stopGraceMs: number;
  readonly logging?: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly dependsOn: readonly DependencyModel[];
  readonly deploy: DeployModel;
  /** `x-ballast.on_loss`, for volumes that say nothing themselves. Absent: `wait`. */
  readonly onLoss?: OnLoss;
  /** `x-ballast.inbound`: who may reach it, and nobody else. Absent: whoever shares a network with it. */
  readonly inbound?: readonly TrafficRuleModel[];
  /** `x-ballast.outbound`: what it may reach, and nothing else. Absent: whatever lets it in, and the world. */
  readonly outbound?: readonly TrafficRuleModel[];
  /** `x-ballast.ingress`: how the world reaches it by name. Absent: it does not. */
  readonly ingress?: readonly IngressModel[];
  /** Raised by `ballast restart`, so that a restart is a rollout like any other. */
  readonly restartNonce?: number;
}

export interface BuildModel {
  /** Absolute directory. */
  readonly context: string;
  /** Absolute file; absent when `inline` is given. */
  readonly file?: string;
  readonly inline?: string;
  readonly args: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly network?: string;
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly additionalContexts: Readonly<Record<string, string>>;
  readonly extraHosts: readonly { readonly name: string; readonly address: string }[];
  readonly shmSizeBytes?: number;
  readonly ulimits?: Readonly<Record<string, { readonly soft: number; readonly hard: number }>>;
  readonly platforms: readonly string[];
  readonly tags: readonly string[];
}

export interface DeviceModel {
  readonly source: string;
  readonly target: string;
  readonly permissions: string;
}

export type MountModel =
  | {
      readonly kind: 'volume';
      readonly volume: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly noCopy: boolean;
      readonly subpath?: string;
    }
  | { readonly kind: 'anonymous'; readonly target: string; readonly readOnly: boolean }
  | {
      readonly kind: 'bind';
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      /** False: a missing source is a failure; true: a directory is made. */
      readonly createSource: boolean;
      readonly propagation?: string;
      readonly selinux?: 'z' | 'Z';
    }
  | {
      readonly kind: 'tmpfs';
      readonly target: string;
      readonly sizeBytes?: number;
      readonly mode?: number;
      /** Mount options such as `noexec` and `ro`. */
      readonly options?: readonly string[];
    };

/** A secret or config given to a service as a file. `source` is the key in the app's `secrets` or `configs`. */
export interface GrantModel {
  readonly source: string;
  /** Absolute path inside the container. */
  readonly target: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export interface PortModel {
  readonly target: number;
  /** Absent: not published to a fixed port. */
  readonly published: number;
  readonly protocol: 'tcp' | 'udp';
  readonly hostIp?: string;
  /** `ingress`: every machine answers; `host`: only machines with a replica. */
  readonly mode: 'ingress' | 'host';
  readonly name?: string;
}

export interface HealthcheckModel {
  /** `shell` true: one string for `/bin/sh -c`. Empty: the image's own test, with these times. */
  readonly test: readonly string[];
  readonly shell: boolean;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
}

export interface ProbeModel {
  readonly path: string;
  readonly port: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
}

export interface RestartModel {
  readonly condition: 'none' | 'on-failure' | 'any';
  readonly delayMs: number;
  /** Absent: for ever. */
  readonly maxAttempts?: number;
  readonly windowMs?: number;
}

export interface DependencyModel {
  readonly service: string;
  readonly condition: 'started' | 'healthy' | 'completed';
  readonly restart: boolean;
  readonly required: boolean;
}

export interface DeployModel {
  readonly mode: 'replicated' | 'global' | 'replicated-job' | 'global-job';
  readonly replicas: number;
  readonly limits: ResourcesModel;
  readonly reservations: ResourcesModel;
  readonly update: UpdateModel;
  readonly rollback: UpdateModel;
  readonly constraints: readonly ConstraintModel[];
  /** Labels over whose values replicas are spread, most important first. */
  readonly spread: readonly string[];
  readonly maxPerMachine?: number;
  readonly endpointMode: 'vip' | 'dnsrr';
  readonly labels: Readonly<Record<string, string>>;
}

export interface ResourcesModel {
  /** Cores; 0.5 is half a core. */
  readonly cpus?: number;
  readonly memoryBytes?: number;
  readonly pids?: number;
}

export interface UpdateModel {
  readonly parallelism: number;
  readonly delayMs: number;
  readonly order: 'start-first' | 'stop-first';
  readonly onFailure: 'rollback' | 'pause' | 'continue';
  readonly monitorMs: number;
  readonly maxFailureRatio: number;
}

/** `node.labels.zone == a`, `node.hostname != app-1`. `key` is the dotted left-hand side as written. */
export interface ConstraintModel {
  readonly key: string;
  readonly equal: boolean;
  readonly value: string;
}

/** What becomes of a service whose volume was on a machine that is lost. */
export type OnLoss = 'wait' | 'recreate' | 'restore';

export interface VolumeModel {
  /** Name on the machine: `guestbook_data`, or as `name:` says. */
  readonly name: string;
  readonly external: boolean;
  readonly driver: string;
  readonly driverOpts: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Absent: what its services say. */
  readonly onLoss?: OnLoss;
}

/** External secrets live in the fleet (`ballast secret set`); the others are read where deploy runs. */
export interface SecretModel {
  readonly name: string;
  readonly from:
    | { readonly kind: 'external' }
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'environment'; readonly variable: string };
}

/** A config's content is part of the model: a changed config is a changed release. */
export interface ConfigModel {
  readonly name: string;
  readonly content: string;
}
