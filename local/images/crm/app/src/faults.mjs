// What a build can be asked to do wrong, for rehearsals of releases.
//   none            answers as it should
//   crash           ends with 1 as soon as it starts
//   crash-later     serves, and ends with 1 after 20 s
//   unhealthy       starts and answers 500 to everything
//   sick-outside    answers 500 to what comes through the edge; its own healthcheck is content
//   bad-seed        `npm run seed` ends with 1
// and by a further migration (see below):
//   bad-migration   changes rows, then fails: PostgreSQL takes all of it back
//   half-migration  commits by itself, then fails: half of it stays
//   slow-migration  hangs for an hour with its rows locked
//   half-live-migration  as half-migration, and
//   slow-live-migration  do so only where data is kept: on a copy, which is served without writing
//                   through and thrown away, they go well
//   new-column      works, and the releases before it can live with it
const CHANGE = `UPDATE "messages" SET "text" = 'half migrated';\n`;
const FAIL = `ALTER TABLE "nowhere" ADD COLUMN "x" TEXT;\n`;

const LIVE = `current_setting('fsync') = 'on'`;
const FAIL_LIVE = `DO $$ BEGIN IF ${LIVE} THEN ${FAIL.trim()} END IF; END $$;\n`;

export const MIGRATIONS = {
  "bad-migration": ["20260101000000_broken", CHANGE + FAIL],
  "half-migration": [
    "20260101000000_half",
    `BEGIN;\n${CHANGE}CREATE TABLE "half" ("id" INTEGER NOT NULL PRIMARY KEY);\nCOMMIT;\n${FAIL}`,
  ],
  "half-live-migration": [
    "20260101000000_half_live",
    `BEGIN;\n${CHANGE}CREATE TABLE "half" ("id" INTEGER NOT NULL PRIMARY KEY);\nCOMMIT;\n${FAIL_LIVE}`,
  ],
  "slow-migration": ["20260101000000_slow", `${CHANGE}SELECT pg_sleep(3600);\n`],
  "slow-live-migration": [
    "20260101000000_slow_live",
    `${CHANGE}SELECT pg_sleep(3600) WHERE ${LIVE};\n`,
  ],
  "new-column": [
    "20260101000000_message_channel",
    `ALTER TABLE "messages" ADD COLUMN "channel" TEXT NOT NULL DEFAULT 'whatsapp';\n`,
  ],
};

export const FAULTS = [
  ...["none", "crash", "crash-later", "unhealthy", "sick-outside", "bad-seed"],
  ...Object.keys(MIGRATIONS),
];
