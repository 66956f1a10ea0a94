export interface NetworkModel {
  readonly name: string;
  readonly internal: boolean;
  readonly external: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** `ipam.config`: where addresses of services on it are taken from. Absent: it has none of its own. */
  readonly subnets?: readonly string[];
}

/** What a service is on one of its networks. */
export interface AttachmentModel {
  readonly aliases: readonly string[];
  /** `ipv4_address`: a further virtual address of the service. */
  readonly address?: string;
}
