/** A model repository of the Hub and what of it: a branch, a tag or a commit. */
export interface HubRepository {
  /** owner/name */
  name: string;
  revision: string;
}

const PART = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?';
const NAME = new RegExp(`^${PART}/${PART}$`);
const REVISION = /^[A-Za-z0-9][A-Za-z0-9._/+-]{0,254}$/;

/** owner/name or owner/name@revision; null when it can be no repository's name. */
export function parseHubName(text: string): HubRepository | null {
  const [name = '', revision = 'main', ...more] = text.split('@');
  // The cache joins owner and name by '--'; '..' would leave its folder.
  if (!NAME.test(name) || name.includes('--') || name.includes('..')) return null;
  if (!REVISION.test(revision) || revision.includes('..') || revision.endsWith('/') || more.length > 0) return null;
  return { name, revision };
}

export const hubTitle = ({ name, revision }: HubRepository): string =>
  revision === 'main' ? name : `${name}@${revision}`;
