import { lastValueFrom } from 'rxjs';
import type { Settings } from '../config/settings.js';
import { ModelError } from '../model-manager/model-error.js';
import { ModelManager } from '../model-manager/model-manager.service.js';

/** The folder of a model that is on this machine already; nothing is downloaded for it. Throws ModelError. */
export async function onDisk(settings: Settings): Promise<string> {
  const manager = new ModelManager({ ...settings, hfHubOffline: true });
  const { state, directory, reason } = await lastValueFrom(manager.resolve());
  if (state === 'ready' && directory !== null) return directory;
  throw new ModelError((reason ?? state).replace(', and HF_HUB_OFFLINE forbids to download it', '; pull it first'));
}
