import { Module } from '@nestjs/common';
import { AdmissionQueue } from './admission.queue.js';
import { Drain } from './drain.js';

@Module({
  providers: [AdmissionQueue, Drain],
  exports: [AdmissionQueue, Drain],
})
export class AdmissionModule {}
