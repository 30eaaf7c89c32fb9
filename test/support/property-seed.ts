/**
 * Properties draw the same each time, so that a change that breaks one is told from what chance has found: `make properties`
 * draws others. fast-check prints seed and path of what fails.
 */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 1) });
