// What stands for a compiler here: records the release text and plants the fault asked for.
import { addMigration, recordBuild } from "demo-parts";
import { FAULTS, MIGRATIONS } from "../src/faults.mjs";

const { fault } = recordBuild(FAULTS);
if (MIGRATIONS[fault]) addMigration(...MIGRATIONS[fault]);
