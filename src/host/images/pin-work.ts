import type { RegistryLogin } from './login.ts';
import type { Pins } from './pins.ts';
import type { BuildStorage } from './storage.ts';

/** What is being done for the image of some services. `detail` is a line that a tool printed. */
export interface ImageProgress {
  readonly services: readonly string[];
  readonly step: 'building' | 'pushing' | 'resolving' | 'copying' | 'ready' | 'note';
  readonly detail?: string;
}

/** What pinning one image needs; shared by all of a run. */
export interface PinWork {
  readonly app: string;
  readonly access: RegistryLogin;
  readonly storage: BuildStorage;
  /** Archives of base images, `<image id>.tar`. */
  readonly archives: string;
  readonly pins: Pins;
  readonly signal: AbortSignal;
  /** Ids by name of the images in the build storage. Read once, again when `fresh`. */
  readonly images: (fresh?: boolean) => Promise<ReadonlyMap<string, string>>;
}

export type Report = (step: ImageProgress['step'], detail?: string) => void;
