import type { LoggerService } from '@nestjs/common';

/** Everything that a gateway of this process logs. */
export class RecordedLog implements LoggerService {
  readonly lines: { level: string; message: unknown }[] = [];
  readonly log = (message: unknown): void => this.add('log', message);
  readonly error = (message: unknown): void => this.add('error', message);
  readonly warn = (message: unknown): void => this.add('warn', message);
  readonly debug = (message: unknown): void => this.add('debug', message);
  private listener: (() => void) | null = null;

  get text(): string {
    return JSON.stringify(this.lines);
  }

  /** Resolves as soon as a line of this level matches; jest's own limit ends a wait in vain. */
  async logged(level: string, pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) => line.level === level && pattern.test(JSON.stringify(line.message)));
      if (found !== undefined) return JSON.stringify(found.message);
      await new Promise<void>((resolve) => (this.listener = resolve));
    }
  }

  private add(level: string, message: unknown): void {
    this.lines.push({ level, message });
    this.listener?.();
  }
}
