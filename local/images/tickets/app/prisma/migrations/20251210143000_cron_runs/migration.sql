CREATE TABLE "cron_run" (
    "job" TEXT NOT NULL PRIMARY KEY,
    "runs" INTEGER NOT NULL
);
