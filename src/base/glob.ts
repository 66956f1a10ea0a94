/** Whether a name fits a pattern in which `*` stands for any text and `?` for any one character. */
export function fitsGlob(name: string, pattern: string): boolean {
  // Two places instead of a regular expression: no pattern can make it slow.
  let star = -1;
  let resume = 0;
  let at = 0;
  let here = 0;
  while (here < name.length) {
    if (pattern[at] === '*') {
      star = at;
      resume = here;
      at += 1;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[here])) {
      at += 1;
      here += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      here = resume;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
