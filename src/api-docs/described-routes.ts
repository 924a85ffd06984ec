import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { type ApiRouteDescription, routeDescription } from './api-route.decorator.js';

export interface DescribedRoute {
  /** As OpenAPI writes it, in small letters. */
  method: string;
  path: string;
  description: ApiRouteDescription;
}

/** Every route of every controller that has a description, as often as it has paths. */
export function describedRoutes(discovery: DiscoveryService, scanner: MetadataScanner): DescribedRoute[] {
  return discovery.getControllers().flatMap(({ metatype, instance }) => {
    if (typeof metatype !== 'function') return [];
    const prefixes = pathsOf(metatype);
    const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
    return scanner.getAllMethodNames(prototype).flatMap((name) => {
      const handler = prototype[name] as object;
      const description = routeDescription(handler);
      if (description === null) return [];
      const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod].toLowerCase();
      const paths = prefixes.flatMap((prefix) => pathsOf(handler).map((path) => joined(prefix, path)));
      return paths.map((path) => ({ method, path, description }));
    });
  });
}

const pathsOf = (target: object): string[] => [Reflect.getMetadata(PATH_METADATA, target) as string | string[]].flat();

function joined(prefix: string, path: string): string {
  const parts = `${prefix}/${path}`.split('/').filter((part) => part !== '');
  return `/${parts.map((part) => part.replace(/^:(\w+)$/, '{$1}')).join('/')}`;
}
