import 'reflect-metadata';
import { SupervisedFake } from './supervised-fake.js';

/** A gateway's supervision in a process of its own, for a test that kills it: prints its fake engine once it is ready. */
const fake = await SupervisedFake.start({ tokenDelayMs: 50 });
const { pid } = await fake.reached('ready');
console.log(JSON.stringify({ pid, folder: fake.engine.folder }));
