CREATE TABLE "organizations" (
    "id" SERIAL NOT NULL PRIMARY KEY,
    "slug" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX "organizations_slug_key" ON "organizations"("slug");
CREATE TABLE "contacts" (
    "id" SERIAL NOT NULL PRIMARY KEY,
    "organization_id" INTEGER NOT NULL REFERENCES "organizations"("id") ON DELETE CASCADE,
    "phone" TEXT NOT NULL,
    "name" TEXT NOT NULL
);
CREATE UNIQUE INDEX "contacts_organization_id_phone_key" ON "contacts"("organization_id", "phone");
