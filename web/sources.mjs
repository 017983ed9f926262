import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

// What decides the contents of dist/. The Go test that compares the hash has the same list.
const files = ['.npmrc', 'build.mjs', 'package-lock.json', 'package.json', 'sources.mjs'];
const folders = ['pages', 'src', 'tabs'];

/**
 * hashSources returns SHA-256 in hex over each source's path, length and bytes, in the order of the
 * paths: "path\0length\0bytes".
 */
export async function hashSources(root) {
  const paths = [...files];
  for (const folder of folders) {
    paths.push(...(await readdir(join(root, folder))).map((name) => `${folder}/${name}`));
  }
  const hash = createHash('sha256');
  for (const path of paths.sort()) {
    const bytes = await readFile(join(root, path));
    hash.update(`${path}\0${bytes.length}\0`);
    hash.update(bytes);
  }
  return hash.digest('hex');
}
