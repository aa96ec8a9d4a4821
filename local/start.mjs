// Plain JavaScript that any Node.js can read, so that one too old for the rest says so in words.
import process from 'node:process';

const [major, minor] = process.versions.node.split('.').map(Number);
// 22.18 was the first of its line that runs TypeScript by itself; 23 never did in its early versions and is out of support.
if (major < 24 && !(major === 22 && minor >= 18)) {
  console.error(
    `Switchboard needs Node.js 24 and this is ${process.versions.node}. "npm ci" installs it beside the other packages, ` +
      'and "npm start" then uses it: run both in this directory.',
  );
  process.exit(1);
}
await import('./start.ts');
