/** Put in by the build; absent when the sources run as they are. */
declare const BALLAST_VERSION: string | undefined;

/** `0.1.0 (abc1234)`, or `development` when run from sources. */
export function versionText(): string {
  return typeof BALLAST_VERSION === 'string' ? BALLAST_VERSION : 'development';
}
