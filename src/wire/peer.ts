/** By which an agent says on which machine it runs, apart from its certificate: copies of a disk have the same. */
export interface Peer {
  /** Of the running system: another one after each boot. */
  readonly bootId?: string;
  /** Of the installation; a copied disk has the same. */
  readonly machineId?: string;
  /** Where it connects from; found out by the server. */
  readonly address?: string;
}

const headers = { bootId: 'x-ballast-boot-id', machineId: 'x-ballast-machine-id' } as const;
const idPattern = /^[0-9a-f-]{8,64}$/i;

/** Headers for the upgrade request. */
export const peerHeaders = ({ bootId, machineId }: Peer): Readonly<Record<string, string>> => ({
  ...(bootId === undefined ? {} : { [headers.bootId]: bootId }),
  ...(machineId === undefined ? {} : { [headers.machineId]: machineId }),
});

/** What an upgrade request says of its machine. What does not look like an id is left out. */
export function peerOf(given: Readonly<Record<string, unknown>>, address: string | undefined): Peer {
  const read = (name: string): string | undefined => {
    const value = given[name];
    return typeof value === 'string' && idPattern.test(value) ? value : undefined;
  };
  const [bootId, machineId] = [read(headers.bootId), read(headers.machineId)];
  return {
    ...(bootId === undefined ? {} : { bootId }),
    ...(machineId === undefined ? {} : { machineId }),
    ...(address === undefined ? {} : { address: address.replace(/^::ffff:/, '') }),
  };
}

/** Whether two connections may come from one running system; unknown counts as yes. */
export const maybeSame = (a: Peer, b: Peer): boolean =>
  a.bootId === undefined || b.bootId === undefined || (a.bootId === b.bootId && a.machineId === b.machineId);

/** For people: `192.0.2.7 (boot 1a2b3c4d)`. */
export const showPeer = ({ address = 'somewhere', bootId }: Peer): string =>
  `${address}${bootId === undefined ? '' : ` (boot ${bootId.slice(0, 8)})`}`;
