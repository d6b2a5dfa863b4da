import fc from "fast-check";

// Set-up of every test file: `--seed` of the long tests reaches the properties too.
const seed = process.env["TICKFLEET_SEED"];
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
