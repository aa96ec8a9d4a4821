import { App } from 'aws-cdk-lib/core';
import { readConfig } from '../lib/config.ts';
import { ConfigError } from '../lib/config-error.ts';
import { createStacks } from '../lib/stacks.ts';

try {
  const app = new App();
  createStacks(app, readConfig(app.node));
  app.synth();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
