// Loaded into a task's process before its own code: the channel to the local stack closes when that ends, even by SIGKILL,
// and a task must not outlive it.
import process from 'node:process';

process.once('disconnect', () => process.exit(1));
