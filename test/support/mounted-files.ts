import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { type TestFiles, writeTestFiles } from './test-files.ts';

/** Puts files where Kubernetes would: in a folder of their own, to which the link `..data` leads from now on. */
export async function swapData(
  files: TestFiles,
  version: string,
  contents: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  await mkdir(files.path(version));
  for (const [name, content] of Object.entries(contents)) {
    await writeFile(files.path(`${version}/${name}`), content);
  }
  await symlink(version, files.path('..data_tmp'));
  await rename(files.path('..data_tmp'), files.path('..data'));
}

/** A folder as a ConfigMap or Secret is mounted. */
export async function mount(contents: Readonly<Record<string, string | Uint8Array>>): Promise<TestFiles> {
  const files = await writeTestFiles({});
  await swapData(files, '..v1', contents);
  for (const name of Object.keys(contents)) {
    await symlink(`..data/${name}`, files.path(name));
  }
  return files;
}
