// Completes package-lock.json after `npm install`: adds the optional packages of other platforms that the registry in
// use does not provide. Without them `npm ci` reports that the lock file is out of sync, although this platform does
// not need them. Also removes the download URLs, so that the file names no registry. See
// docs/decisions/0002-lock-file.md.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const OS = ['darwin', 'linux', 'win32', 'freebsd', 'android', 'openharmony'];
const CPU = ['arm64', 'x64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x'];

/** `…-linux-arm64-musl` → { os: ['linux'], cpu: ['arm64'], libc: ['musl'] } */
function platformOf(name) {
  const words = name.split('/').pop().split(/[-.]/);
  const one = (key, known) => {
    const found = known.find((word) => words.includes(word));
    return found ? { [key]: [found] } : {};
  };
  const libc = words.some((word) => word.startsWith('musl')) ? { libc: ['musl'] } : {};
  return { ...one('os', OS), ...one('cpu', CPU), ...libc };
}

for (const parent of Object.values(lock.packages)) {
  delete parent.resolved;
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const platform = platformOf(name);
    const path = `node_modules/${name}`;
    if (lock.packages[path] || !platform.os) continue;
    lock.packages[path] = {
      version: version.replace(/^[^\d]*/, ''),
      ...(parent.dev ? { dev: true } : {}),
      optional: true,
      ...platform,
    };
  }
}
const sorted = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
