import type { PortRange } from './security-model.ts';

/** One entry of `x-ballast.inbound` or `x-ballast.outbound`: whom a service's containers may hear or reach. */
export interface TrafficRuleModel {
  readonly peers: readonly TrafficPeer[];
  /** None: all ports, of all protocols. */
  readonly ports: readonly PortRange[];
}

export type TrafficPeer =
  /** A service; of the same app when `app` is absent. */
  | { readonly kind: 'service'; readonly app?: string; readonly service: string }
  /** A security group of the fleet file: its networks and its machines. */
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'cidr'; readonly cidr: string }
  /** The machines that take requests from the world for `x-ballast.ingress`. */
  | { readonly kind: 'ingress' }
  /** All machines of the fleet themselves. */
  | { readonly kind: 'machines' }
  | { readonly kind: 'any' };
