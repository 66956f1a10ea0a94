/** One entry of `x-ballast.ingress`: under which names, and from which path on, the world reaches a service. */
export interface IngressModel {
  /** Host names in small letters; one may begin with `*.`. The first is the one that others are sent to. */
  readonly hosts: readonly string[];
  /** Requests whose path begins with it, whole segments only: `/` means all. */
  readonly pathPrefix: string;
  /** Port inside the container. */
  readonly port: number;
  readonly tls: IngressTls;
  /** Whether plain HTTP is sent to HTTPS; without TLS it never is. */
  readonly redirect: boolean;
  /** Host names whose requests are sent to the first of `hosts`. */
  readonly redirectFrom: readonly string[];
}

export type IngressTls =
  /** A certificate by ACME. */
  | { readonly kind: 'auto' }
  /** One of the fleet's own authority. */
  | { readonly kind: 'internal' }
  /** Plain HTTP only. */
  | { readonly kind: 'off' }
  /** Certificate with its chain, and key: secrets of the app, by their keys there. */
  | { readonly kind: 'given'; readonly cert: string; readonly key: string };

/** `ingress` of the fleet file. */
export interface FleetIngressModel {
  readonly acme?: AcmeModel;
}

/** Where certificates are got for `tls: auto`. */
export interface AcmeModel {
  /** URL of the directory. */
  readonly directory: string;
  /** Told of certificates that are about to end. */
  readonly email?: string;
  /** PEM of the authorities that vouch for the directory's own certificate. Absent: those that everybody trusts. */
  readonly ca?: string;
}

export const acmeDirectoryDefault = 'https://acme-v02.api.letsencrypt.org/directory';

/** All names of an entry: those that are served, and those that are sent on. */
export const namesOf = ({
  hosts,
  redirectFrom,
}: Pick<IngressModel, 'hosts' | 'redirectFrom'>): readonly string[] => [...hosts, ...redirectFrom];
