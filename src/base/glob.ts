/** Whether a name fits a pattern in which `*` stands for any text and `?` for any one character. */
export function fitsGlob(name: string, pattern: string): boolean {
  const source = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  // Several stars in a row say no more than one, and would take long to fit.
  const expression = source.replaceAll(/\*+/g, '.*').replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 's').test(name);
}
