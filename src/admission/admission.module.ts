import { Module } from '@nestjs/common';
import { AdmissionQueue } from './admission.queue.js';
import { Drain } from './drain.js';
import { RateLimits } from './rate-limits.js';

@Module({
  providers: [AdmissionQueue, Drain, RateLimits],
  exports: [AdmissionQueue, Drain, RateLimits],
})
export class AdmissionModule {}
