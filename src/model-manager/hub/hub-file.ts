import { final } from './hub-error.js';

/** One file of a repository at a commit, and how it is known to be whole. */
export interface HubFile {
  path: string;
  size: number;
  checksum: { kind: 'sha256' | 'git'; hex: string };
}

interface ListedFile {
  path: string;
  size: number;
  oid?: string | undefined;
  lfs?: { oid: string; size: number } | undefined;
}

const SHA256 = /^[0-9a-f]{64}$/;
const SHA1 = /^[0-9a-f]{40}$/;

/** Throws HubError where the listing has no checksum: it is also the name of the file in the cache. */
export function hubFile({ path, size, oid = '', lfs }: ListedFile): HubFile {
  if (lfs !== undefined && SHA256.test(lfs.oid) && isSize(lfs.size)) {
    return { path, size: lfs.size, checksum: { kind: 'sha256', hex: lfs.oid } };
  }
  if (lfs === undefined && SHA1.test(oid) && isSize(size)) return { path, size, checksum: { kind: 'git', hex: oid } };
  throw final(`the Hub lists ${path} without a size and a checksum`);
}

/** Whether a path of a repository stays below the folder that it is joined to. */
export const isInside = (path: string): boolean =>
  !/[\\\0]/.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');

const isSize = (size: number): boolean => Number.isSafeInteger(size) && size >= 0;
