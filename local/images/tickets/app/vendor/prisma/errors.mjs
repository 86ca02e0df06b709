// What Prisma says when it fails: its code, an empty line, its words.
export class PrismaError extends Error {
  constructor(code, message) {
    super(`Error: ${code}\n\n${message}`);
  }
}
