import { RouteConfig } from '@nestjs/platform-fastify';
import type { Settings } from '../config/settings.js';

/** Opens a route always, or where a setting says so. */
export type Opening = 'always' | 'docsPublic' | 'metricsPublic';

/** The route's place in Fastify's own configuration, which a hook sees before anything of the request is read. */
interface Opened {
  withoutKey?: Opening;
}

/** Opens a route to requests without a key. Routes are closed unless they say so. */
export const WithoutKey = (when: Opening = 'always'): MethodDecorator =>
  RouteConfig({ withoutKey: when } satisfies Opened);

export function opensWithoutKey(routeConfig: object, settings: Settings): boolean {
  const { withoutKey } = routeConfig as Opened;
  return withoutKey !== undefined && (withoutKey === 'always' || settings[withoutKey]);
}
