/** Limits of disk traffic. Rates are bytes, or operations, a second. */
export interface BlockIoModel {
  readonly weight?: number;
  readonly deviceWeights: readonly { readonly path: string; readonly weight: number }[];
  readonly readBps: readonly { readonly path: string; readonly rate: number }[];
  readonly writeBps: readonly { readonly path: string; readonly rate: number }[];
  readonly readIops: readonly { readonly path: string; readonly rate: number }[];
  readonly writeIops: readonly { readonly path: string; readonly rate: number }[];
}
