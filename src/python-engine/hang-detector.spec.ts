import { describe, expect, it } from '@jest/globals';
import { parseEngineHealth, type EngineHealth } from './client/engine-health.js';
import { HangDetector } from './hang-detector.js';

const health = (fields: Partial<EngineHealth> = {}): EngineHealth => ({
  ...parseEngineHealth('{"state": "ready"}')!,
  ...fields,
});

describe('HangDetector', () => {
  it('takes a busy engine for healthy as long as its loop moves', () => {
    const detector = new HangDetector(10, 0);
    detector.answered(health({ working: true, beatAgeSeconds: 4.9, running: 16 }), 1000);
    expect(detector.pulse(1000)).toBe('beating');
  });

  it('takes an idle engine for healthy however old its beat is', () => {
    const detector = new HangDetector(10, 0);
    detector.answered(health({ working: false, beatAgeSeconds: 86_400 }), 1000);
    expect(detector.pulse(1000)).toBe('beating');
  });

  it('finds a hang when work is running and the beat is older than HANG_SECONDS', () => {
    const detector = new HangDetector(10, 0);
    detector.answered(health({ working: true, beatAgeSeconds: 10 }), 1000);
    expect(detector.pulse(1000)).toBe('hung');
    expect(detector.reason(1000)).toContain('has not moved for 10.0 s');
  });

  it('calls a beat late from half of the limit on', () => {
    const detector = new HangDetector(10, 0);
    detector.answered(health({ working: true, beatAgeSeconds: 5 }), 1000);
    expect(detector.pulse(1000)).toBe('late');
  });

  it('waits for at least ten times the longest warm-up step', () => {
    const detector = new HangDetector(10, 0);
    detector.answered(health({ longestStepSeconds: 3 }), 0);
    detector.answered(health({ working: true, beatAgeSeconds: 29 }), 1000);
    expect(detector.pulse(1000)).toBe('late');
    detector.answered(health({ working: true, beatAgeSeconds: 30 }), 2000);
    expect(detector.pulse(2000)).toBe('hung');
  });

  it('does not become more patient by slow steps after the warm-up', () => {
    const detector = new HangDetector(10, 0);
    detector.answered(health({ longestStepSeconds: 0.1 }), 0);
    detector.answered(health({ longestStepSeconds: 9, working: true, beatAgeSeconds: 12 }), 1000);
    expect(detector.pulse(1000)).toBe('hung');
  });

  it('finds a hang when health is not answered for HANG_SECONDS', () => {
    const detector = new HangDetector(10, 0);
    for (let poll = 0; poll < 3; poll += 1) detector.silent();
    expect(detector.pulse(9_999)).toBe('late');
    expect(detector.pulse(10_000)).toBe('hung');
    expect(detector.reason(10_000)).toContain('has not answered its health for 10.0 s');
  });

  it('does not hold a pause of its own process against the engine', () => {
    const detector = new HangDetector(10, 0);
    detector.silent();
    expect(detector.pulse(60_000)).toBe('beating');
  });

  it('forgets silence once health is answered again', () => {
    const detector = new HangDetector(10, 0);
    for (let poll = 0; poll < 3; poll += 1) detector.silent();
    detector.answered(health(), 9_000);
    expect(detector.pulse(18_000)).toBe('beating');
  });
});
