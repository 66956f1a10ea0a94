/** What the control plane itself contributes to every machine. Secrets are named (`name@version`), never held. */
export interface Fixtures {
  /** PEM of the fleet's certificate authority. */
  readonly ca: string;
  readonly registry: RegistryFixture | null;
  /** Absent until people speak of access. */
  readonly ssh?: SshFixture;
  /** Absent while no service is reached by name from outside. */
  readonly ingress?: IngressFixture;
  /** `name@version` of the secret that the machines know each other by. Absent: they do not listen to each other. */
  readonly neighboursKey?: string;
  /** Machines of the fleet that are the computer the server runs on, and its port there. Absent: none is. */
  readonly server?: { readonly machines: readonly string[]; readonly port: number };
}

/** What the control plane got for ingress. */
export interface IngressFixture {
  /** By host name: PEM of the certificate with its chain, and `name@version` of the secret that holds its key. */
  readonly certificates: Readonly<
    Record<string, { readonly certificate: string; readonly keySecret: string }>
  >;
  /** By token: what answers a challenge of an authority that asks whether a host name is ours. */
  readonly challenges: Readonly<Record<string, string>>;
}

/** What machines need of the fleet's ssh authorities. Only what everybody may know. */
export interface SshFixture {
  /** Public key of the authority for people, one line. */
  readonly userAuthority: string;
  /** By machine: certificates of its host keys, named for the kind of the key (`ed25519`). */
  readonly hostCertificates: Readonly<
    Record<string, readonly { readonly name: string; readonly certificate: string }[]>
  >;
  /** Text of the file of keys that are refused. */
  readonly revoked: string;
}

/**
 * The registry is two processes over one store, because Distribution's htpasswd gives every account every
 * right: one takes pushes and knows only the push account, one is read-only and knows only the pull account.
 * Secrets are named `name@version`; their values never stand here.
 */
export interface RegistryFixture {
  /** The machine that runs it. */
  readonly machine: string;
  /** Where machines pull, and the port of `registry.internal:<port>` in releases. Pushes go to the port after it. */
  readonly port: number;
  /** PEM of its certificate. Its names must hold DNS `registry.internal` and the machine's IP address. */
  readonly certificate: string;
  /** PEM of the certificate's key, PKCS #8 or SEC 1. */
  readonly keySecret: string;
  /**
   * One htpasswd line of the push account: `<user>:<bcrypt>` and a newline; `$2a$`, `$2b$` and `$2y$` are all read.
   * Distribution checks it anew at each of the dozens of requests of a push or pull, so the password is to be random
   * (128 bits or more) and the cost 4: at cost 10 a push that sends nothing takes two seconds instead of 0.15.
   */
  readonly htpasswdSecret: string;
  /** The same of the pull account, in a file of its own. */
  readonly pullHtpasswdSecret?: string;
  /**
   * A containers auth.json with the pull account: `{"auths":{"<address of the machine>:<port>":{"auth":"<base64
   * of user:password>"}}}`. The key is the address, not `registry.internal`: podman looks accounts up by where a
   * pull goes after its registries.conf.
   */
  readonly pullAuthSecret: string;
}
