import { type DynamicModule, Module } from '@nestjs/common';
import { Settings } from './settings.js';

/** Hands the one frozen Settings to every room: inject it by its class. */
@Module({})
export class SettingsModule {
  static forRoot(settings: Settings): DynamicModule {
    return {
      module: SettingsModule,
      global: true,
      providers: [{ provide: Settings, useValue: settings }],
      exports: [Settings],
    };
  }
}
