import { describe, expect, it } from '@jest/globals';
import { TransferMeter } from './transfer-meter.js';

describe('TransferMeter', () => {
  it('counts what was on the disk as done, and only what comes as speed', () => {
    let now = 0;
    const meter = new TransferMeter(1000, () => now);
    meter.set('a', 400);
    now = 1000;
    expect(meter.read()).toEqual({ bytesDone: 400, bytesTotal: 1000, rate: null, secondsLeft: null });
    meter.set('a', 500, 100);
    expect(meter.read()).toEqual({ bytesDone: 500, bytesTotal: 1000, rate: 100, secondsLeft: 5 });
  });

  it('tells the rate of the last ten seconds, which falls while nothing comes', () => {
    let now = 0;
    const meter = new TransferMeter(1e6, () => now);
    for (let second = 1; second <= 60; second++) {
      now = second * 1000;
      meter.set('a', second * 100, second <= 30 ? 1000 : 100);
    }
    expect(meter.read().rate).toBe(100);
    now = 110_000;
    expect(meter.read().rate).toBeLessThan(20);
  });

  it('adds the files up, and takes back what a file that starts anew has lost', () => {
    const meter = new TransferMeter(30, () => 0);
    meter.set('a', 10, 10);
    meter.set('b', 20, 20);
    expect(meter.read().bytesDone).toBe(30);
    meter.set('a', 0);
    expect(meter.read().bytesDone).toBe(20);
  });
});
