import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Word } from '#converge/liveness/trouble.ts';

/** What an agent tells its neighbours several times a second, in one datagram. */
export interface Beat {
  readonly machine: string;
  /** Another value: the agent has started anew, and counts from the start. */
  readonly run: string;
  readonly count: number;
  readonly word: Word;
}

const mark = 'ballast1';
/** Beats bear so much of their HMAC-SHA256: 128 bits, in base64url. */
const macLength = 22;

/**
 * `ballast1 app-1 f00d 17 10,12 14 <mac>`. Addresses are told by their last number, since each machine's containers
 * have a network of 256.
 */
export function writeBeat({ machine, run, count, word }: Beat, key: string): string {
  const text = [mark, machine, run, count, lastNumbers(word.gone), lastNumbers(word.unwell)].join(' ');
  return `${text} ${macOf(text, key)}`;
}

/** A beat of somebody who has the key; undefined for everything else. `networkOf` says where a machine's addresses are. */
export function readBeat(
  datagram: string,
  key: string,
  networkOf: (machine: string) => string | undefined,
): Beat | undefined {
  const cut = datagram.lastIndexOf(' ');
  const text = datagram.slice(0, cut);
  if (!isEqual(datagram.slice(cut + 1), macOf(text, key))) return undefined;
  const [first, machine = '', run = '', count = '', gone = '', unwell = ''] = text.split(' ');
  const network = networkOf(machine)?.replace(/\d+\/\d+$/, '');
  if (first !== mark || network === undefined) return undefined;
  const addresses = (numbers: string): readonly string[] =>
    numbers === '' ? [] : numbers.split(',').map((number) => `${network}${number}`);
  return { machine, run, count: Number(count), word: { gone: addresses(gone), unwell: addresses(unwell) } };
}

const lastNumbers = (addresses: readonly string[]): string =>
  addresses.map((address) => address.slice(address.lastIndexOf('.') + 1)).join(',');

const macOf = (text: string, key: string): string =>
  createHmac('sha256', key).update(text).digest('base64url').slice(0, macLength);

const isEqual = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
