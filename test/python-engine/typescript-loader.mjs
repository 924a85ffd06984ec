// Lets a plain `node --import` child run the project's TypeScript, decorators included, as jest does.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

registerHooks({
  resolve(specifier, context, next) {
    const ours = specifier.startsWith('.') && context.parentURL?.endsWith('.ts');
    if (!ours) return next(specifier, context);
    const { href } = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    return { url: href, shortCircuit: true };
  },
  load(url, context, next) {
    if (!url.endsWith('.ts')) return next(url, context);
    const { code } = transformSync(readFileSync(new URL(url), 'utf8'), { filename: fileURLToPath(url) });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
