/** What Node looks for in a command line; eight bytes, since compiled code compares eight at once. */
const nodes = '--env-fi';
const nobodys = '--env\x01fi';

/**
 * A copy of Node that leaves `--env-file` of a command line alone. Node looks for that flag before anything else of
 * it runs, in an executable with a program inside too, and ends where the file does not exist; no setting says
 * otherwise. Here it looks for a flag that nobody can mean. Answers with how many places were changed.
 */
export function leaveEnvFile(node: Buffer): number {
  let places = 0;
  for (let at = node.indexOf(nodes); at >= 0; at = node.indexOf(nodes, at + nodes.length)) {
    node.write(nobodys, at, 'latin1');
    places += 1;
  }
  return places;
}
