/**
 * Draws what a command printed, read from standard input, as an SVG of a terminal on standard output:
 *   { echo '$ npm run demo'; npm run --silent demo; } 2>&1 | node scripts/picture.ts >docs/run.svg
 */
import { text } from 'node:stream/consumers';

const size = { character: 8.4, line: 19, margin: 18, font: 14 };
const colour = { ground: '#10151c', text: '#d7dde5', good: '#7ec699', prompt: '#6fb3d2', head: '#e6c07b' };

const lines = (await text(process.stdin))
  .trimEnd()
  .split('\n')
  .map((line) => line.trimEnd());
const width = Math.max(...lines.map((line) => [...line].length)) * size.character + 2 * size.margin;
const height = lines.length * size.line + 2 * size.margin;

const escaped = (line: string): string =>
  line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function colourOf(line: string): string {
  if (line.startsWith('$ ')) return colour.prompt;
  if (/^[A-Z][A-Z ]+ {2}/.test(line)) return colour.head;
  return colour.text;
}

const rows = lines.map((line, n) => {
  const y = size.margin + (n + 0.75) * size.line;
  const body = escaped(line).replace(/^✓/, `<tspan fill="${colour.good}">✓</tspan>`);
  return `<text x="${size.margin}" y="${y.toFixed(1)}" fill="${colourOf(line)}">${body}</text>`;
});

console.log(`<svg xmlns="http://www.w3.org/2000/svg" width="${width.toFixed(0)}" height="${height}" role="img" aria-label="A run in a terminal">
<rect width="100%" height="100%" rx="8" fill="${colour.ground}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="${size.font}" xml:space="preserve">
${rows.join('\n')}
</g>
</svg>`);
