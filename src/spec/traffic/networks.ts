import { parseCidr, showCidr } from '#base/cidr.ts';
import type { Problems } from '#spec/problems.ts';
import { type Tree, textOf } from '#spec/yaml/tree.ts';

/** Whether a text in the place of a peer can only be meant as an address or a network, be it a good one or not. */
export const looksLikeNetwork = (text: string): boolean =>
  text.includes(':') || /^[\d.]+(\/\d+)?$/.test(text);

/** The network that an address or a network stands for; what cannot be one is said to be none. */
export function networkOf(path: string, item: Tree, problems: Problems): string | undefined {
  const text = textOf(item);
  if (text === undefined || !looksLikeNetwork(text)) return undefined;
  const cidr = parseCidr(text.includes('/') ? text : `${text}/32`);
  if (cidr !== undefined) return showCidr(cidr);
  problems.add(
    'bad-network',
    text.includes(':')
      ? {
          what: `${path}: ${text} is no IPv4 network`,
          why: 'machines are known by IPv4 addresses; over IPv6 only what is open to any is reached',
          fix: 'write it as 203.0.113.0/24',
          at: item.at,
        }
      : {
          what: `${path}: ${text} is no IPv4 network`,
          why: 'it is no address, or has bits set behind the prefix',
          fix: 'write it as 203.0.113.0/24, or 203.0.113.7 for one address',
          at: item.at,
        },
  );
  return undefined;
}
