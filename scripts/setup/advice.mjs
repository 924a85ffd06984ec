// The exact line to type on this system when something is missing.
import { readFileSync } from 'node:fs';

function family() {
  if (process.platform === 'darwin') return 'mac';
  try {
    const release = readFileSync('/etc/os-release', 'utf8');
    const ids = [...release.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].map((match) => match[1]).join(' ');
    return ['debian', 'ubuntu', 'fedora', 'rhel', 'suse', 'arch'].find((id) => ids.includes(id)) ?? 'other';
  } catch {
    return 'other';
  }
}

export function howToInstallPython() {
  const lines = {
    mac: 'brew install python@3.11',
    debian: 'sudo apt install python3.11 python3.11-venv',
    ubuntu: 'sudo apt install python3.11 python3.11-venv',
    fedora: 'sudo dnf install python3.11',
    rhel: 'sudo dnf install python3.11',
    suse: 'sudo zypper install python311',
    arch: 'sudo pacman -S python',
  };
  const line = lines[family()];
  return line ? `Install it:\n  ${line}` : 'Install Python 3.11 from https://www.python.org/downloads/';
}

export function howToInstallVenv({ version, executable }) {
  const minor = version.split('.').slice(0, 2).join('.');
  return ['debian', 'ubuntu'].includes(family())
    ? `sudo apt install python${minor}-venv`
    : `${executable} -m pip install --user virtualenv`;
}
