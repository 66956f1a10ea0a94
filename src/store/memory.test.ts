import { storeContract } from './contract.ts';
import { createMemoryStore } from './memory.ts';

storeContract('the memory store', async (setting) => createMemoryStore(setting));
