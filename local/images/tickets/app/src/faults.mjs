// What a build can be asked to do wrong, for rehearsals of releases.
//   none           answers as it should
//   crash          ends with 1 as soon as it starts
//   unhealthy      starts and answers 500 to everything
//   bad-migration  carries a migration that changes a row and then fails
export const FAULTS = ["none", "crash", "unhealthy", "bad-migration"];
